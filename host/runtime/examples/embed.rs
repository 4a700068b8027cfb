//! A platform's own program: prints an event for each device of an account whose API is simulated on this machine.
//! `embed COMPONENT URL CLIENT_ID`, with the client secret in the environment variable `CLIENT_SECRET`.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use connector_runtime::{AllowedAddresses, Connector, Grants, Rights, Runtime};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [component, url, client_id] = arguments.as_slice() else {
        anyhow::bail!("usage: embed COMPONENT URL CLIENT_ID");
    };
    // What the component is and asks for: to be shown to a person before it is granted.
    let loaded = Runtime::new()?.load(Path::new(component), None).await?;
    let mut connector = Connector::without_rights(loaded.clone());
    let manifest = connector.manifest().await?.manifest;
    let (name, hosts) = (&manifest.name, &manifest.hosts);
    eprintln!("{name}, {}, asks for {hosts:?}", loaded.digest);
    // What it may do for the account: what it asks for, and reach this machine.
    let config = serde_json::json!({
        "client_id": client_id, "api_host": url, "token_url": format!("{url}/api/v2/oauth2/token"),
    });
    let fields = config.as_object().context("the config is an object")?;
    let grants = Grants {
        addresses: AllowedAddresses {
            loopback: true,
            ..AllowedAddresses::default()
        },
        ..Grants::default()
    };
    let secret = |_: &str| Some(std::env::var("CLIENT_SECRET").ok()?.into());
    let rights = Rights::new(&manifest, fields, grants, secret)?;
    let mut connector = Connector::new(loaded, Arc::new(rights));
    let mut next = None;
    loop {
        let config = config.to_string();
        let listed = connector.discover(&config, next.as_deref()).await?;
        for source in listed.sources {
            let config = source.config.map_err(anyhow::Error::msg)?;
            let mut cursor = None;
            loop {
                let page = connector.collect(&config, cursor.as_deref()).await?;
                for event in page.events {
                    println!("{}", event.json);
                }
                if !page.more {
                    break;
                }
                cursor = Some(page.cursor);
            }
        }
        next = listed.next;
        if next.is_none() {
            return Ok(());
        }
    }
}
