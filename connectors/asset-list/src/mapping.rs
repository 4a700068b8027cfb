//! One record of a list to one event.

use std::borrow::Cow;
use std::slice;

use serde_json::{Map, Value};
use time::OffsetDateTime;

use crate::attributes::{ATTRIBUTES, Attribute, Kind, LAST_SEEN};
use crate::convert;
use crate::event::{Scalar, Source};
use crate::record::{Column, Node};

/// The version of OCSF: `metadata.version`.
pub(crate) const OCSF_VERSION: &str = "1.6.0";

/// The class *Device Inventory Info*: `class_uid`.
pub(crate) const CLASS_UID: i64 = 5001;

/// The only dialect: OCSF by the letter.
pub(crate) const DIALECT: &str = "ocsf";

/// The column of the id, and the product, if the config does not name them.
pub(crate) const DEFAULT_ID: &str = "id";
pub(crate) const DEFAULT_PRODUCT: &str = "Asset list";

/// The longest id: hosts store it.
const MAX_ID_BYTES: usize = 1024;

const CONSTANT: &str = "the same in every event";

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
    id: Column,
    columns: Vec<(&'static Attribute, Column)>,
    product: String,
    vendor: Option<String>,
}

/// The scalars of a record's event, and the attributes whose values cannot be read.
#[derive(Debug)]
pub(crate) struct Mapped<'r> {
    pub(crate) scalars: Vec<Scalar<'r>>,
    #[cfg_attr(
        not(feature = "connector"),
        expect(dead_code, reason = "only a page of many records counts them")
    )]
    pub(crate) unreadable: Vec<&'static str>,
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

    /// Returns the column of the id.
    #[cfg(feature = "connector")]
    pub(crate) fn id_column(&self) -> &Column {
        &self.id
    }

    /// Returns each attribute with its column.
    #[cfg(feature = "connector")]
    pub(crate) fn columns(&self) -> impl Iterator<Item = (&'static str, &Column)> {
        let columns = self.columns.iter();
        columns.map(|(attribute, column)| (attribute.name, column))
    }

    fn column(&self, attribute: &Attribute) -> Option<&Column> {
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

    /// Maps a record. `now` is the time of the event if the record tells none.
    ///
    /// # Errors
    ///
    /// Why the record has no id.
    pub(crate) fn map<'r>(
        &self,
        record: &'r Node,
        now: OffsetDateTime,
    ) -> Result<Mapped<'r>, &'static str> {
        let id = self.id(record)?;
        let mut build = Build {
            mapping: self,
            record,
            scalars: Vec::new(),
            unreadable: Vec::new(),
            interfaces: Vec::new(),
        };
        let last_seen = ATTRIBUTES
            .iter()
            .find(|attribute| attribute.name == LAST_SEEN);
        let (last_seen, source) = last_seen
            .and_then(|attribute| build.time(attribute))
            .unzip();
        build.head(last_seen, source.as_ref(), now);
        let source = build.source(&self.id);
        let rule = "the text or the integer, without white space around it";
        build.add("/device/uid", id, source.as_slice(), rule);
        for attribute in &ATTRIBUTES {
            build.attribute(attribute);
        }
        Ok(Mapped {
            scalars: build.scalars,
            unreadable: build.unreadable,
        })
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

/// An event that is being written.
struct Build<'m, 'r> {
    mapping: &'m Mapping,
    record: &'r Node,
    scalars: Vec<Scalar<'r>>,
    unreadable: Vec<&'static str>,
    /// `ip` or `mac`, the address and its source, of lists with more than one.
    interfaces: Vec<(&'static str, String, Source<'r>)>,
}

impl<'r> Build<'_, 'r> {
    fn add(
        &mut self,
        path: impl Into<Cow<'static, str>>,
        value: impl Into<Value>,
        sources: &[Source<'r>],
        rule: &'static str,
    ) {
        self.scalars.push(Scalar {
            path: path.into(),
            value: value.into(),
            sources: sources.to_vec(),
            rule,
            is_heartbeat: false,
        });
    }

    /// Adds one that only tells when the device was seen.
    fn add_heartbeat(
        &mut self,
        path: &'static str,
        millis: i64,
        sources: &[Source<'r>],
        rule: &'static str,
    ) {
        self.add(path, millis, sources, rule);
        if let Some(scalar) = self.scalars.last_mut() {
            scalar.is_heartbeat = true;
        }
    }

    fn source(&self, column: &Column) -> Option<Source<'r>> {
        let node = self.record.find(column)?;
        let pointer = column.pointer();
        Some(Source { pointer, node })
    }

    /// Returns the time in an attribute's column, in milliseconds since 1970.
    fn time(&self, attribute: &Attribute) -> Option<(i64, Source<'r>)> {
        let source = self.source(self.mapping.column(attribute)?)?;
        let millis = convert::time(&convert::text(source.node)?)?;
        Some((millis, source))
    }

    /// Adds everything before the device.
    fn head(&mut self, last_seen: Option<i64>, source: Option<&Source<'r>>, now: OffsetDateTime) {
        for (path, value) in [
            ("/activity_id", Value::from(2)),
            ("/activity_name", "Collect".into()),
            ("/category_uid", 5.into()),
            ("/category_name", "Discovery".into()),
            ("/class_uid", CLASS_UID.into()),
            ("/class_name", "Device Inventory Info".into()),
            ("/type_uid", (CLASS_UID * 100 + 2).into()),
            ("/type_name", "Device Inventory Info: Collect".into()),
            ("/severity_id", 1.into()),
            ("/severity", "Informational".into()),
            ("/status_id", 1.into()),
            ("/status", "Success".into()),
        ] {
            self.add(path, value, &[], CONSTANT);
        }
        match (last_seen, source) {
            (Some(millis), Some(source)) => {
                self.add_heartbeat("/time", millis, slice::from_ref(source), Kind::Time.rule());
            }
            _ => {
                let millis = now.unix_timestamp().saturating_mul(1000);
                let millis = millis.saturating_add(i64::from(now.millisecond()));
                self.add_heartbeat(
                    "/time",
                    millis,
                    &[],
                    "the moment of the mapping, as no column tells when the device was seen",
                );
            }
        }
        let product = self.mapping.product.clone();
        self.add(
            "/metadata/product/name",
            product,
            &[],
            "`product` of the config",
        );
        if let Some(vendor) = self.mapping.vendor.clone() {
            let rule = "`vendor` of the config";
            self.add("/metadata/product/vendor_name", vendor, &[], rule);
        }
        self.add("/metadata/version", OCSF_VERSION, &[], CONSTANT);
    }

    /// Adds what an attribute's column holds.
    fn attribute(&mut self, attribute: &Attribute) {
        let column = self.mapping.column(attribute);
        let source = column.and_then(|column| self.source(column));
        let was_added = match (&source, attribute.kind) {
            (Some(source), Kind::IpAddresses) => {
                self.addresses(attribute, "ip", source, convert::ip_address)
            }
            (Some(source), Kind::MacAddresses) => {
                self.addresses(attribute, "mac", source, convert::mac_address)
            }
            (Some(source), Kind::Groups) => self.groups(source),
            (Some(source), _) => {
                convert::text(source.node).is_some_and(|text| self.scalar(attribute, text, source))
            }
            (None, Kind::DeviceType) => {
                let rule = "Unknown, as no column tells it";
                self.add("/device/type_id", 0, &[], rule);
                self.add("/device/type", "Unknown", &[], rule);
                true
            }
            (None, _) => true,
        };
        if !was_added {
            self.unreadable.push(attribute.name);
            if attribute.kind == Kind::DeviceType {
                self.add(
                    "/device/type_id",
                    0,
                    &[],
                    "Unknown, as its column is not a text",
                );
            }
        }
        // After both lists of addresses: each address of a list has an interface of its own.
        if attribute.kind == Kind::MacAddresses {
            self.interfaces();
        }
    }

    /// Adds a value that is made of one text; returns whether it could be read.
    fn scalar(&mut self, attribute: &Attribute, text: String, source: &Source<'r>) -> bool {
        let sources = slice::from_ref(source);
        let (path, rule) = (attribute.path, attribute.kind.rule());
        match attribute.kind {
            Kind::DeviceType => {
                let (id, caption) = convert::device_type(&text);
                self.add(path, id, sources, rule);
                self.add("/device/type", caption, sources, rule);
            }
            Kind::OsName => {
                let (id, caption) = convert::os_type(&text);
                self.add(path, text, sources, rule);
                self.add("/device/os/type_id", id, sources, rule);
                self.add("/device/os/type", caption, sources, rule);
            }
            Kind::Email if !convert::is_email_address(&text) => return false,
            Kind::Email => {
                if !self.has("/device/owner/name") {
                    let rule = "the e-mail address, as no column names the owner";
                    self.add("/device/owner/name", text.clone(), sources, rule);
                }
                self.add(path, text, sources, rule);
            }
            Kind::Flag => match convert::flag(&text) {
                Some(flag) => self.add(path, flag, sources, rule),
                None => return false,
            },
            Kind::Time => match convert::time(&text) {
                Some(millis) if attribute.name == LAST_SEEN => {
                    self.add_heartbeat(path, millis, sources, rule);
                }
                Some(millis) => self.add(path, millis, sources, rule),
                None => return false,
            },
            // OCSF allows no operating system without a name.
            _ if path.starts_with("/device/os/") && !self.has("/device/os/name") => {}
            _ => self.add(path, text, sources, rule),
        }
        true
    }

    fn has(&self, path: &str) -> bool {
        self.scalars.iter().any(|scalar| scalar.path == path)
    }

    /// Adds the first address of a list, and keeps all of them for the interfaces; returns whether all were addresses.
    fn addresses(
        &mut self,
        attribute: &Attribute,
        key: &'static str,
        source: &Source<'r>,
        convert: fn(&str) -> Option<String>,
    ) -> bool {
        let entries = convert::entries(source.node, &[',', ';', '|', ' ', '\n', '\r', '\t']);
        let mut found: Vec<(String, Source<'r>)> = Vec::new();
        let mut are_all = !entries.is_empty();
        for (index, node, text) in entries {
            match convert(&text) {
                Some(address) if found.iter().any(|(known, _)| *known == address) => {}
                Some(address) => found.push((address, entry_source(source, index, node))),
                None => are_all = false,
            }
        }
        if let Some((first, source)) = found.first() {
            let rule = attribute.kind.rule();
            self.add(attribute.path, first.clone(), slice::from_ref(source), rule);
        }
        if found.len() > 1 {
            let found = found.into_iter();
            self.interfaces
                .extend(found.map(|(address, source)| (key, address, source)));
        }
        are_all
    }

    fn interfaces(&mut self) {
        let interfaces = std::mem::take(&mut self.interfaces);
        for (index, (key, address, source)) in interfaces.into_iter().enumerate() {
            let path = |name: &str| format!("/device/network_interfaces/{index}/{name}");
            let rule = "an interface for each different address of a list with more than one";
            self.add(path(key), address, &[source], rule);
            self.add(path("type_id"), 0, &[], CONSTANT);
            self.add(path("type"), "Unknown", &[], CONSTANT);
        }
    }

    fn groups(&mut self, source: &Source<'r>) -> bool {
        let entries = convert::entries(source.node, &[',', ';', '|', '\n', '\r']);
        let has_any = !entries.is_empty();
        for (number, (index, node, name)) in entries.into_iter().enumerate() {
            let path = format!("/device/groups/{number}/name");
            let source = entry_source(source, index, node);
            self.add(path, name, &[source], Kind::Groups.rule());
        }
        has_any
    }
}

/// Returns the source of an entry of a list.
fn entry_source<'r>(list: &Source<'r>, index: Option<usize>, node: &'r Node) -> Source<'r> {
    let pointer = match index {
        Some(index) => format!("{}/{index}", list.pointer),
        None => list.pointer.clone(),
    };
    Source { pointer, node }
}
