//! The dialect of the events and what is left out of them: the fields `dialect` and `omit` of a config.

use serde_json::{Map, Value};

use crate::map_error::MapError;
use crate::mapping::dialect::Dialect;
use crate::mapping::omit::Omit;
use crate::mapping::omit_paths;

/// Changes whenever the event of any input changes in the dialect `sekoia`. Part of the cursor: a mapping of
/// another version starts a walk over everything.
const SEKOIA_VERSION: u32 = 2;

/// The same for the dialect `ocsf`.
const OCSF_VERSION: u32 = 3;

/// How endpoints are mapped to events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mapping {
    /// The form of the events.
    pub dialect: Dialect,
    /// The attributes that are left out.
    pub(crate) omit: Omit,
    /// The tenant of the endpoints, where a listing names it.
    pub(crate) tenant: Option<NamedTenant>,
}

/// A tenant with the name that the listing of a partner or an organization gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NamedTenant {
    /// Its id.
    pub(crate) id: String,
    /// Its name.
    pub(crate) name: String,
}

impl NamedTenant {
    /// Reads `tenant` of a config; `None` if it has no name.
    fn of(tenant: &Value) -> Option<Self> {
        let text = |name: &str| Some(tenant.get(name)?.as_str()?.to_owned());
        Some(Self {
            id: text("id")?,
            name: text("name").filter(|name| !name.is_empty())?,
        })
    }
}

/// A field of a config that is not valid.
#[derive(Debug, PartialEq, Eq)]
pub struct SettingError {
    /// Its name: `dialect` or `omit`.
    pub field: &'static str,
    /// What is wrong with it and what would be valid.
    pub message: String,
}

impl Mapping {
    /// Reads the fields of a config; an absent one has its default.
    ///
    /// # Errors
    ///
    /// If one of them is not valid.
    pub fn new(dialect: Option<&Value>, omit: Option<&Value>) -> Result<Self, SettingError> {
        let dialect = match dialect.map(|name| name.as_str().and_then(Dialect::named)) {
            None => Dialect::default(),
            Some(Some(dialect)) => dialect,
            Some(None) => {
                return Err(SettingError {
                    field: "dialect",
                    message: format!("`dialect` must be one of: {}", names()),
                });
            }
        };
        let refused = |message: String| SettingError {
            field: "omit",
            message,
        };
        let paths: Option<Vec<&str>> = match omit {
            None => Some(Vec::new()),
            Some(Value::Array(paths)) => paths.iter().map(Value::as_str).collect(),
            Some(_) => None,
        };
        let paths = paths.ok_or_else(|| {
            refused(
                "`omit` must be an array of OCSF attributes such as [\"device.network_interfaces\"]"
                    .to_owned(),
            )
        })?;
        let omit = omit_paths::checked(&paths, dialect)
            .map_err(|why| refused(format!("`omit` does not fit: {why}")))?;
        Ok(Self {
            dialect,
            omit,
            tenant: None,
        })
    }

    /// Adds the name of the tenant, from the field `tenant` of a config.
    #[must_use]
    pub fn of_tenant(self, tenant: Option<&Value>) -> Self {
        let tenant = tenant.and_then(NamedTenant::of);
        Self { tenant, ..self }
    }

    /// Reads the argument of `explain`: the name of a dialect, or the JSON text of a config.
    ///
    /// # Errors
    ///
    /// If it is neither, or a field of the config is not valid. Line and column are 0, as the error is not in a record.
    pub fn of(dialect_or_config: &str) -> Result<Self, MapError> {
        if let Some(dialect) = Dialect::named(dialect_or_config) {
            return Ok(Self {
                dialect,
                ..Self::default()
            });
        }
        let config: Result<Map<String, Value>, _> = serde_json::from_str(dialect_or_config);
        let message = match config {
            Ok(config) => match Self::new(config.get("dialect"), config.get("omit")) {
                Ok(mapping) => return Ok(mapping.of_tenant(config.get("tenant"))),
                Err(error) => error.message,
            },
            Err(_) => format!("the dialect must be one of: {}", names()),
        };
        Err(MapError {
            message,
            line: 0,
            column: 0,
        })
    }

    /// Returns a number that differs if the events do, for the cursor. The tenant's name has no part in it: a renamed
    /// tenant is no reason to collect every device again.
    pub fn version(&self) -> u32 {
        self.mark(match self.dialect {
            Dialect::Sekoia => SEKOIA_VERSION,
            Dialect::Ocsf => OCSF_VERSION,
        })
    }

    /// Returns the number for a dialect of that version.
    fn mark(&self, version: u32) -> u32 {
        if self.dialect == Dialect::default() && self.omit.is_empty() {
            return version;
        }
        // Each dialect and each choice of `omit` has a number of its own.
        let choice = format!("{version} {} {:?}", self.dialect.name(), self.omit.paths());
        let hash = xxhash_rust::xxh3::xxh3_64(choice.as_bytes());
        u32::try_from(hash >> 32).unwrap_or_default() | (1 << 31)
    }
}

fn names() -> String {
    Dialect::ALL.map(Dialect::name).join(", ")
}

#[cfg(test)]
mod tests;
