//! The tenants that a credential sees.

use fastrand::Rng;
use serde_json::{Value, json};

use crate::fleet::Fleet;
use crate::uuid;

/// The access of a credential to a tenant in the listing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// Its endpoints can be read.
    #[default]
    Open,
    /// The account was not activated: it has no `apiHost`, and its endpoints answer 403.
    NotActivated,
    /// It has an `apiHost`, but its endpoints answer 403, as without Partner Assistance.
    Forbidden,
    /// Its `status` is `suspended`, and its endpoints answer 403. (No `status` but `active` is published.)
    Suspended,
}

/// A tenant and its endpoints.
#[derive(Clone)]
pub struct Tenant {
    /// Its id, a UUID.
    pub id: String,
    /// Its `name`; `showAs` is the same without a legal form.
    pub name: String,
    /// The access of the credential to it.
    pub access: Access,
    /// The `apiHost` in the listing and the `dataRegion` of whoami; none: the simulator's own URL.
    pub api_host: Option<String>,
    /// Its endpoints.
    pub fleet: Fleet,
}

impl Tenant {
    /// Returns an open tenant; the fleet's generated records name it.
    pub fn new(id: &str, name: &str, fleet: Fleet) -> Tenant {
        Tenant {
            id: id.to_owned(),
            name: name.to_owned(),
            access: Access::Open,
            api_host: None,
            fleet: fleet.of_tenant(id),
        }
    }

    /// `count` open tenants with `endpoints` generated endpoints each, ids and fleets following from `seed`.
    pub fn generate(seed: u64, count: u64, endpoints: u64) -> Vec<Tenant> {
        let mut rng = Rng::with_seed(seed);
        (1..=count)
            .map(|number| {
                let (id, fleet_seed) = (uuid::uuid(&mut rng), rng.u64(..));
                Tenant::new(
                    &id,
                    &format!("Example {number} Ltd"),
                    Fleet::new(fleet_seed, endpoints),
                )
            })
            .collect()
    }

    /// Returns the tenant's item in the listing of the account `owner` (`partner` or `organization`).
    pub(crate) fn item(&self, owner: &str, account: &str, simulator: &str) -> Value {
        let mut item = json!({
            "id": self.id,
            "showAs": self.name.trim_end_matches(" Ltd"),
            "name": self.name,
            "dataGeography": "IE",
            "dataRegion": "eu01",
            "billingType": "usage",
            "status": "active",
            owner: {"id": account},
        });
        if let Some(fields) = item.as_object_mut() {
            if self.access == Access::Suspended {
                fields.insert("status".to_owned(), "suspended".into());
            }
            if self.access == Access::NotActivated {
                fields.remove("dataGeography");
                fields.remove("dataRegion");
                fields.remove("status");
            } else {
                let host = self.api_host.as_deref().unwrap_or(simulator);
                fields.insert("apiHost".to_owned(), host.into());
            }
        }
        item
    }
}
