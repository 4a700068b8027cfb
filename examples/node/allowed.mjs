/** Decides which hosts the component of an account may reach. */

/** A name or an address with or without a port: no user name, and nothing that two readers could read in two ways. */
const AUTHORITY = /^([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]+)?$/;

/** What one account's component may reach. */
export class Allowed {
  #patterns;
  #origins;

  /**
   * Allows the hosts that the manifest asks for, the https origins that a person wrote into the config, and `more`:
   * host names, or origins such as `http://127.0.0.1:8080`.
   */
  constructor(manifest, config, more) {
    this.#patterns = manifest.hosts;
    this.#origins = new Set([...originsOf(manifest, config), ...more.map(originOf)]);
  }

  /** Returns whether a request of this method may leave for this scheme and authority. */
  permits(method, scheme, authority) {
    if (/^(connect|trace)$/i.test(method) || !AUTHORITY.test(authority)) return false;
    const url = parse(`${scheme}://${authority}`);
    if (!url) return false;
    if (this.#origins.has(url.origin)) return true;
    return url.protocol === "https:" && !url.port && this.#patterns.some((pattern) => matches(pattern, url.hostname));
  }
}

/** Returns the origins of the URLs in the config that the manifest lets a person set. */
function originsOf(manifest, config) {
  return Object.entries(manifest.config.properties)
    .filter(([, field]) => field.format === "uri" && !field.readOnly)
    .map(([name]) => parse(config[name]))
    .filter((url) => url?.protocol === "https:")
    .map((url) => url.origin);
}

function originOf(host) {
  const url = parse(host.includes("://") ? host : `https://${host}`);
  if (!url) throw new Error(`--allow: ${host} is neither a host nor an origin`);
  return url.origin;
}

function parse(text) {
  return typeof text === "string" && URL.canParse(text) ? new URL(text) : undefined;
}

/** `*.` stands for one or more labels, not for the name itself. */
function matches(pattern, host) {
  return pattern.startsWith("*.") ? host.endsWith(pattern.slice(1)) : host === pattern;
}
