/** Endpoints for the browser tests, in the forms that the API and people deliver them. */

import { readFileSync } from "node:fs";

const golden = (name) => readFileSync(new URL(`../../tests/golden/${name}`, import.meta.url), "utf8");

/** The specification's sample, and its event. */
export const SAMPLE = golden("specification-sample.input.json");
export const SAMPLE_EVENT = JSON.parse(golden("specification-sample.expected.json"));

const PLATFORMS = ["windows", "windows", "macOS", "linux"];
const HEALTH = ["good", "good", "suspicious", "bad"];

/**
 * An endpoint of a fleet.
 *
 * @param {number} index
 * @returns {object}
 */
export function endpoint(index) {
  const tail = String(index).padStart(12, "0");
  return {
    id: `00000000-0000-0000-0000-${tail}`,
    type: index % 3 === 0 ? "server" : "computer",
    tenant: { id: "00000000-0000-0000-0000-00000000000a" },
    hostname: `example-${index}`,
    health: { overall: HEALTH[index % 4], threats: { status: "good" } },
    os: { isServer: index % 3 === 0, platform: PLATFORMS[index % 4], name: "Example OS", build: 19044 + index },
    ipv4Addresses: [`192.0.2.${(index % 250) + 1}`],
    ipv6Addresses: [],
    macAddresses: ["00:00:5E:00:53:01"],
    tamperProtectionEnabled: true,
    associatedPerson: { name: `EXAMPLE\\user-${index}` },
    lastSeenAt: "2026-11-24T08:30:00.000Z",
    registeredAt: "2025-01-02T03:04:05.000Z",
    isolation: { status: index % 10 === 7 ? "isolated" : "notIsolated" },
  };
}

/**
 * A page of the API: `good` endpoints of which the one at `bad` has lost its hostname, one record a line.
 *
 * @param {number} count
 * @param {number} [bad]
 * @returns {string} the record at `bad` is on line `bad` + 2
 */
export function apiPage(count, bad) {
  const items = Array.from({ length: count }, (_, index) => {
    const item = endpoint(index);
    if (index === bad) item.hostname = 5;
    return JSON.stringify(item);
  });
  return `{"items": [\n${items.join(",\n")}\n], "pages": {"size": ${count}}}`;
}
