//! A request as the simulator received it.

use std::fmt;
use std::time::Instant;

use hyper::Method;

/// The routes of the simulated API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Route {
    /// `POST /api/v2/oauth2/token`
    Token,
    /// `GET /whoami/v1`
    Whoami,
    /// `GET /partner/v1/tenants`
    PartnerTenants,
    /// `GET /organization/v1/tenants`
    OrganizationTenants,
    /// `GET /endpoint/v1/endpoints`
    Endpoints,
}

impl Route {
    /// Returns the route with this path; a trailing slash makes another path, as double slashes do.
    pub(crate) fn at(path: &str) -> Option<Route> {
        match path {
            "/api/v2/oauth2/token" => Some(Route::Token),
            "/whoami/v1" => Some(Route::Whoami),
            "/partner/v1/tenants" => Some(Route::PartnerTenants),
            "/organization/v1/tenants" => Some(Route::OrganizationTenants),
            "/endpoint/v1/endpoints" => Some(Route::Endpoints),
            _ => None,
        }
    }

    /// Returns the method that the route takes.
    pub(crate) fn method(self) -> Method {
        if self == Route::Token {
            Method::POST
        } else {
            Method::GET
        }
    }
}

/// A request as it was received. Its `Debug` form shows method, path and query only: the rest may hold a secret.
#[derive(Clone)]
pub struct Request {
    /// `GET`, `POST`…
    pub method: String,
    /// The route, none for a path that the API does not have.
    pub route: Option<Route>,
    /// The path as sent.
    pub path: String,
    /// The query, decoded, in the order sent.
    pub query: Vec<(String, String)>,
    /// The query as sent, without the question mark; empty when there was none.
    pub raw_query: String,
    /// The headers, names in lower case, in the order sent.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// The number of its connection, from 1.
    pub connection: u64,
    /// When it had been received whole.
    pub received: Instant,
}

impl Request {
    /// Returns the decoded value of a query parameter, the first if there are several.
    pub fn query(&self, name: &str) -> Option<&str> {
        value_of(&self.query, name)
    }

    /// Returns the value of a header, whatever the case of its name.
    pub fn header(&self, name: &str) -> Option<&str> {
        value_of(&self.headers, &name.to_lowercase())
    }

    /// Returns the decoded value of a field of a form body.
    pub fn form(&self, name: &str) -> Option<String> {
        form_urlencoded::parse(&self.body)
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.method, self.path)?;
        if self.raw_query.is_empty() {
            Ok(())
        } else {
            write!(formatter, "?{}", self.raw_query)
        }
    }
}

fn value_of<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs
        .iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.as_str())
}
