/** Serves dist/preview/ on loopback, at the port that PORT names, 8080 if it is empty or not set; 0 is any that is free. */

import { once } from "node:events";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";

import sirv from "sirv";

const FOLDER = fileURLToPath(new URL("../dist/preview", import.meta.url));

/** The rules in the head of the page, and those that only a header can set. */
const HEADERS = {
  "content-security-policy":
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; connect-src 'self'; " +
    "img-src 'self'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; " +
    "trusted-types 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
};

/**
 * Serves the page until it is closed.
 *
 * @param {number} port 0 for any that is free
 * @returns {Promise<{url: string, close: () => void}>}
 */
export async function serve(port) {
  const setHeaders = (response) => {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
  };
  // `dev` looks a file up at each request, so that a build beside a running server shows.
  const server = createServer(sirv(FOLDER, { dev: true, setHeaders }));
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/**
 * The port that the variable PORT names.
 *
 * @param {string} [text] 8080 where it is empty or not set
 * @returns {number|undefined} none where it is no port
 */
export function portOf(text) {
  if (!text) return 8080;
  return /^\d{1,5}$/.test(text) && Number(text) <= 65_535 ? Number(text) : undefined;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { PORT } = process.env;
  const port = portOf(PORT);
  try {
    if (port === undefined) throw new Error("it must be a number from 0 to 65535");
    const { url } = await serve(port);
    console.log(`the preview is at ${url}`);
  } catch (error) {
    console.error(`PORT=${PORT || port} cannot be served: ${error.message}; PORT=0 takes any port that is free`);
    process.exitCode = 1;
  }
}
