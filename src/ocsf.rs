//! The OCSF event: class *Device Inventory Info* (5001) of OCSF 1.6.0.

/// The version of OCSF: `metadata.version`.
pub(crate) const VERSION: &str = "1.6.0";

/// The class *Device Inventory Info*: `class_uid`.
pub(crate) const CLASS_UID: i64 = 5001;

/// The class with the activity *Collect* (2): `type_uid`.
pub(crate) const TYPE_UID: i64 = CLASS_UID * 100 + 2;
