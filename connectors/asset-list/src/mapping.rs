//! One record of a list to one event.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::slice;

use serde_json::Value;
use time::OffsetDateTime;

use crate::attributes::{ATTRIBUTES, Attribute, Kind, LAST_SEEN};
use crate::convert;
use crate::event::{Scalar, Source};
use crate::record::{Column, Node};
use crate::settings::Mapping;

/// The version of OCSF: `metadata.version`.
pub(crate) const OCSF_VERSION: &str = "1.6.0";

/// The class *Device Inventory Info*: `class_uid`.
pub(crate) const CLASS_UID: i64 = 5001;

const CONSTANT: &str = "the same in every event";

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

/// Maps a record. `now` is the time of the event if the record tells none.
///
/// # Errors
///
/// Why the record has no id.
pub(crate) fn map<'r>(
    mapping: &Mapping,
    record: &'r Node,
    now: OffsetDateTime,
) -> Result<Mapped<'r>, &'static str> {
    let id = mapping.id(record)?;
    let mut build = Build {
        mapping,
        record,
        scalars: Vec::new(),
        unreadable: Vec::new(),
        interfaces: Vec::new(),
    };
    build.head(now);
    let source = build.source(&mapping.id);
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

    /// Returns when the device was last seen, in milliseconds since 1970.
    fn last_seen(&self) -> Option<(i64, Source<'r>)> {
        let mut attributes = ATTRIBUTES.iter();
        let attribute = attributes.find(|attribute| attribute.name == LAST_SEEN)?;
        let source = self.source(self.mapping.column(attribute)?)?;
        let millis = convert::time(&convert::text(source.node)?)?;
        Some((millis, source))
    }

    /// Adds everything before the device.
    fn head(&mut self, now: OffsetDateTime) {
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
        match self.last_seen() {
            Some((millis, source)) => {
                self.add_heartbeat("/time", millis, &[source], Kind::Time.rule());
            }
            None => {
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
        let mut known = BTreeSet::new();
        let mut are_all = !entries.is_empty();
        for (index, node, text) in entries {
            match convert(&text) {
                Some(address) if !known.insert(address.clone()) => {}
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
