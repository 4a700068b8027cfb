//! Where a component may send requests: the only way out of the sandbox.
//!
//! A request is checked twice. The name layer ([`policy`]) checks its method and its URL, before anything is requested from
//! the network; the address layer (`network::addresses`) checks the address that the host resolves to, and the connection
//! goes to that very address. Both must allow it, and what no row allows is denied: an empty table denies everything.
//!
//! # What is allowed
//!
//! | form | name layer | address layer |
//! |---|---|---|
//! | `id.example.com` in the manifest | `https://id.example.com`, port 443 | public addresses |
//! | `*.api.example.com` in the manifest | https to any name below `api.example.com`, not to itself, port 443 | public addresses |
//! | a URL that the user typed into a config field of format `uri` | that very origin: https, its host, its port | public addresses |
//! | `hosts` in the account, in the forms of a manifest | leaves only these of the manifest's hosts; typed origins stay; `[]` leaves these alone | |
//! | `allow_addresses` in the account | allows no name | these addresses too, wherever a name or a typed origin resolves to them |
//! | `allow_loopback_http` in the account | http and https to this machine, any port; for tests and demos | loopback addresses |
//!
//! A default of the component's schema and a URL in a response are not typed, and allow nothing. A name in a list has two
//! labels or more; an address, a port, a scheme, a user or any other `*` in a list is an error.
//!
//! # How a URL is read
//!
//! It is normalised first, by the URL standard of the WHATWG; what is checked is what is sent.
//!
//! | in the URL | checked as |
//! |---|---|
//! | upper case, percent-encoded letters, full-width dots in the host | the plain name in lower case |
//! | a name in another script | its Punycode (`xn--`), in lists too |
//! | a dot at the end of the host | the name without it; in lists, typed origins and for `localhost` too |
//! | an empty label, as in `a..example.com`; letters that no name has | not a valid URL |
//! | `:443` with https | no port; any other is another origin |
//! | a user name or a password | denied, whatever the host is; `@` alone is ignored |
//! | IPv4 in decimal, octal, hexadecimal or shortened: `2130706433`, `0177.0.0.1`, `0x7f000001`, `127.1` | the address |
//! | IPv6 in brackets, IPv4 mapped to IPv6 | the address; a mapped one is the IPv4 address |
//! | an address that is not this machine | only where that origin was typed |
//! | `localhost`, names below it, 127.0.0.0/8, `::1`, `::ffff:127.0.0.0/104` | this machine |
//! | http | denied except to this machine; so is every other scheme |
//! | a header of the connection's or the host's: `Host`, `Connection`, `Transfer-Encoding`, `Proxy-*` and similar | refused where the component sets it (`header`) |
//! | CONNECT, TRACE, in any case | denied: a tunnel cannot be checked, an echo returns what the host adds |
//!
//! # In which order
//!
//! 1. The URL can be normalised, else it is denied by the rule `url`.
//! 2. No placeholder of a secret is in the URL, the method or the name of a header (`secret`).
//! 3. The method (`method`), the user (`userinfo`), this machine (`loopback`), host and port (`host`), the scheme
//!    (`scheme`).
//! 4. The body is collected, so that the host sets its length.
//! 5. The placeholders in headers and body are replaced by the values, where those may go, else it is denied (`secret`).
//! 6. The rate limit admits it.
//! 7. The host is resolved and each of its addresses checked (`address`), unless a proxy is used: the proxy resolves names,
//!    so only names are checked, and the log says so.
//! 8. A response from an origin where a secret may go is searched for it, before the component gets the response. Of any
//!    other response a limited part is read before the component asks for it.
//!
//! # What is kept
//!
//! What the host keeps of a component's requests and responses counts as its memory: the body of a request until its
//! response begins, a response from where a secret may go until it is read, and what is read ahead of any other. The first
//! two fail where the memory limit has no room for them; without room nothing is read ahead. A component has a limited
//! number of requests in progress: one more waits as long as it would for a connection.
//!
//! A redirect is a response for the component, never followed. Each refusal is reported to the component (as
//! `HTTP-request-denied`, by the address layer as `destination-IP-prohibited`), in the log with its rule, in the failure of
//! the source, and counted in the summary and the metrics.

mod ahead;
pub mod denials;
mod headers;
mod hooks;
pub mod policy;
mod responses;

pub use crate::sandbox::egress::ahead::MAX_READ_AHEAD;
pub use crate::sandbox::egress::hooks::{Egress, MAX_KEPT_RESPONSES};
pub use crate::sandbox::egress::policy::Policy;
