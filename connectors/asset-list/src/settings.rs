//! What a config says of the mapping: which column becomes which attribute.

use serde_json::{Map, Value};

#[cfg(feature = "connector")]
use crate::attributes::LAST_SEEN;
use crate::attributes::{ATTRIBUTES, Attribute};
use crate::convert;
use crate::record::{Column, Node};

/// The only dialect: OCSF by the letter.
pub(crate) const DIALECT: &str = "ocsf";

/// The column of the id, and the product, if the config does not name them.
pub(crate) const DEFAULT_ID: &str = "id";
pub(crate) const DEFAULT_PRODUCT: &str = "Asset list";

/// The longest id: hosts store it.
const MAX_ID_BYTES: usize = 1024;

/// A field of the config that is not valid: its JSON Pointer, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FieldError {
    pub(crate) field: String,
    pub(crate) message: String,
}

impl FieldError {
    pub(crate) fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            message: message.into(),
        }
    }
}

/// Which column becomes which attribute.
#[derive(Clone, Debug)]
pub(crate) struct Mapping {
    pub(crate) id: Column,
    columns: Vec<(&'static Attribute, Column)>,
    pub(crate) product: String,
    pub(crate) vendor: Option<String>,
}

impl Default for Mapping {
    fn default() -> Self {
        let named = |attribute: &'static Attribute| (attribute, Column::named(attribute.name));
        Self {
            id: Column::named(DEFAULT_ID),
            columns: ATTRIBUTES.iter().map(named).collect(),
            product: DEFAULT_PRODUCT.to_owned(),
            vendor: None,
        }
    }
}

impl Mapping {
    /// Reads the fields of a config that choose columns, all of them optional.
    ///
    /// # Errors
    ///
    /// Those of each field that is not valid.
    pub(crate) fn parse(config: &Map<String, Value>) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut mapping = Self::default();
        let mut text = |name: &str| match config.get(name) {
            None => None,
            Some(Value::String(text)) if !text.trim().is_empty() => Some(text.trim().to_owned()),
            // As `init` writes what has no default.
            Some(Value::String(_)) if name != "id" => None,
            Some(_) => {
                let message = "must be a text that is not empty";
                errors.push(FieldError::new(format!("/{name}"), message));
                None
            }
        };
        let id = text("id");
        mapping.vendor = text("vendor");
        if let Some(product) = text("product") {
            mapping.product = product;
        }
        if let Some(id) = id {
            match Column::parse(&id) {
                Ok(column) => mapping.id = column,
                Err(why) => errors.push(FieldError::new("/id", why)),
            }
        }
        match config.get("columns") {
            None => {}
            Some(Value::Object(columns)) if columns.is_empty() => {}
            Some(Value::Object(columns)) => {
                mapping.columns = chosen(columns, &mut errors);
            }
            Some(_) => errors.push(FieldError::new(
                "/columns",
                "must be an object: the name of an attribute and its column each",
            )),
        }
        match errors.is_empty() {
            true => Ok(mapping),
            false => Err(errors),
        }
    }

    /// Returns each attribute with its column.
    #[cfg(feature = "connector")]
    pub(crate) fn columns(&self) -> impl Iterator<Item = (&'static str, &Column)> {
        let columns = self.columns.iter();
        columns.map(|(attribute, column)| (attribute.name, column))
    }

    /// Returns the column of an attribute.
    pub(crate) fn column(&self, attribute: &Attribute) -> Option<&Column> {
        let mut columns = self.columns.iter();
        let found = columns.find(|(known, _)| known.name == attribute.name);
        found.map(|(_, column)| column)
    }

    /// Returns the id of a record.
    ///
    /// # Errors
    ///
    /// Why it has none, as a phrase about the record.
    pub(crate) fn id(&self, record: &Node) -> Result<String, &'static str> {
        let node = record.find(&self.id);
        let node = node.ok_or("has no id: its column `id` is missing or empty")?;
        let id = convert::id(node).ok_or("has an id that is neither a text nor an integer")?;
        match id.len() > MAX_ID_BYTES {
            true => Err("has an id of more than 1,024 bytes"),
            false => Ok(id),
        }
    }

    /// Returns when a device was last seen, in milliseconds since 1970; `None` if no readable column tells.
    #[cfg(feature = "connector")]
    pub(crate) fn last_seen(&self, record: &Node) -> Option<i64> {
        let mut columns = self.columns.iter();
        let (_, column) = columns.find(|(attribute, _)| attribute.name == LAST_SEEN)?;
        convert::time(&convert::text(record.find(column)?)?)
    }
}

/// Returns the attributes that a config chooses, with their columns.
fn chosen(
    columns: &Map<String, Value>,
    errors: &mut Vec<FieldError>,
) -> Vec<(&'static Attribute, Column)> {
    let mut chosen = Vec::new();
    for (name, column) in columns {
        let known = ATTRIBUTES.iter().find(|attribute| attribute.name == name);
        let parsed = match (known, column) {
            (None, _) => {
                let names: Vec<_> = ATTRIBUTES.iter().map(|attribute| attribute.name).collect();
                let names = names.join(", ");
                Err(format!("is not an attribute; these are: {names}"))
            }
            (Some(_), Value::String(text)) if text.trim().is_empty() => continue,
            (Some(attribute), Value::String(text)) => match Column::parse(text) {
                Ok(column) => Ok((attribute, column)),
                Err(why) => Err(why.to_owned()),
            },
            (Some(_), _) => Err("must be a text: a column's name or a JSON Pointer".to_owned()),
        };
        match parsed {
            Ok(pair) => chosen.push(pair),
            Err(message) => {
                let name = name.replace('~', "~0").replace('/', "~1");
                errors.push(FieldError::new(format!("/columns/{name}"), message));
            }
        }
    }
    chosen
}
