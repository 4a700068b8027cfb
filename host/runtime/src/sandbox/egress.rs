//! Where a component may send requests: the only way out of the sandbox.
//!
//! A request is judged twice. The name layer ([`policy`]) judges its method and its URL, before anything is asked of
//! the network; the address layer (`network::addresses`) judges the address that the host leads to, and the connection goes
//! to that very address. Both must let it out, and what no row allows is denied: an empty table denies all.
//!
//! # What is allowed
//!
//! | form | name layer | address layer |
//! |---|---|---|
//! | `id.example.com` in the manifest | `https://id.example.com`, port 443 | public addresses |
//! | `*.api.example.com` in the manifest | https to any name below `api.example.com`, not to itself, port 443 | public addresses |
//! | a URL that the user typed into a config field of format `uri` | that very origin: https, its host, its port | public addresses |
//! | `hosts` in the account, in the forms of a manifest | leaves only these of the manifest's hosts; typed origins stay; `[]` leaves these alone | |
//! | `allow_addresses` in the account | opens no name | these addresses too, wherever a name or a typed origin leads |
//! | `allow_loopback_http` in the account | http and https to this machine, any port; for tests and demos | loopback addresses |
//!
//! A default of the component's schema and an answer of the API are not typed, and open nothing. A name in a list has
//! two labels or more; an address, a port, a scheme, a user or any other `*` in a list is an error.
//!
//! # How a URL is read
//!
//! It is put into its normal form first, that of the WHATWG URL standard; what is judged is what is sent.
//!
//! | in the URL | judged as |
//! |---|---|
//! | upper case, percent-encoded letters, full-width dots in the host | the plain name in lower case |
//! | a name in another script | its Punycode (`xn--`), in lists too |
//! | a dot at the end of the host | the name without it; in lists, typed origins and for `localhost` too |
//! | an empty label, as in `a..example.com`; letters that no name has | no valid URL |
//! | `:443` with https | no port; any other is another origin |
//! | a user name or a password | denied, wherever it leads; `@` alone is nothing |
//! | IPv4 in decimal, octal, hexadecimal or shortened: `2130706433`, `0177.0.0.1`, `0x7f000001`, `127.1` | the address |
//! | IPv6 in brackets, IPv4 mapped to IPv6 | the address; a mapped one is the IPv4 address |
//! | an address that is not this machine | only where that origin was typed |
//! | `localhost`, names below it, 127.0.0.0/8, `::1`, `::ffff:127.0.0.0/104` | this machine |
//! | http | denied but for this machine; so is every other scheme |
//! | a header of the connection's or the host's: `Host`, `Connection`, `Transfer-Encoding`, `Proxy-*` and their like | refused where the component sets it (`header`) |
//! | CONNECT, TRACE, in whatever case | denied: a tunnel is not judged, an echo shows what the host put in |
//!
//! # In which order
//!
//! 1. The URL has a normal form, else it is denied by the rule `url`.
//! 2. The method (`method`), the user (`userinfo`), this machine (`loopback`), host and port (`host`), the scheme
//!    (`scheme`).
//! 3. The body is taken in whole, so that the host owns its length.
//! 4. The placeholders of secrets in it give way to the values, where those may go, else it is denied (`secret`).
//! 5. The rate limit lets it pass.
//! 6. The host is resolved and every address of it judged (`address`), unless a proxy is used: it resolves by itself,
//!    so there only names are judged, and the log says so.
//! 7. What comes back from an origin where a secret may go is looked through for it, before the component has it. Of any
//!    other answer a bounded part is read before the component asks for it.
//!
//! # What is kept
//!
//! What the host keeps of a component's requests and answers counts as its memory: the body of a request until its answer
//! comes, an answer from where a secret may go until it is read, and what is read ahead of any other. The first two fail
//! where the memory limit has no room for them; without room nothing is read ahead. A component has a bounded number of
//! requests in progress: one more waits as long as it would for a connection.
//!
//! A redirect is an answer for the component, never followed. Each refusal is reported to the component (as
//! `HTTP-request-denied`, by the address layer as `destination-IP-prohibited`), to the log with its rule, to the
//! person by the failure of the source, and counted in the summary and the metrics.

mod ahead;
pub mod denials;
mod headers;
mod hooks;
pub mod policy;
mod responses;

pub use crate::sandbox::egress::ahead::MAX_READ_AHEAD;
pub use crate::sandbox::egress::hooks::{Egress, MAX_KEPT_RESPONSES};
pub use crate::sandbox::egress::policy::Policy;
