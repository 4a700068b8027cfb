//! Servers and streams that are refused, absent or full.

use super::*;

#[tokio::test]
async fn streams_that_do_not_do_what_is_needed_are_refused() {
    let server = TestServer::start();
    let refused = async |config| match Cluster::connect(&config).await {
        Err(ClusterError::Refused(why)) => why,
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("accepted"),
    };
    let mut three = server.config();
    three.replicas = 3;
    assert!(refused(three.clone()).await.contains("as many servers"));
    server.connect().await;
    assert!(refused(three).await.contains("keeps 1 copies"));

    let plain = async_nats::jetstream::stream::Config {
        name: "plain-state".to_owned(),
        subjects: vec!["plain.state.>".to_owned()],
        ..Default::default()
    };
    let client = async_nats::connect(&server.config().servers[0])
        .await
        .unwrap();
    let context = async_nats::jetstream::new(client);
    context.create_stream(plain).await.unwrap();
    let mut config = server.config();
    config.prefix = "plain".to_owned();
    assert!(refused(config).await.contains("allow_atomic"));
}

#[tokio::test]
async fn an_old_server_is_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("nats://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        let info =
            r#"INFO {"server_id":"x","version":"2.11.9","max_payload":1048576,"headers":true}"#;
        client
            .write_all(format!("{info}\r\n").as_bytes())
            .await
            .unwrap();
        let mut bytes = vec![0; 4096];
        while let Ok(1..) = client.read(&mut bytes).await {
            client.write_all(b"PONG\r\n").await.unwrap();
        }
    });
    let refused = Cluster::connect(&config(&url)).await.err().unwrap();
    assert!(
        refused.to_string().contains("nats-server 2.11.9"),
        "{refused}"
    );
}

#[tokio::test]
async fn servers_that_are_absent_or_refuse_the_credentials_are_told_apart() {
    let server = TestServer::with("", "authorization { token: \"right\" }");
    let credentials = |secret: &str| {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), secret).unwrap();
        let text = format!("token = {{ file = {:?} }}", file.path());
        (file, toml::from_str(&text).unwrap())
    };
    let mut config = server.config();
    let (_right, right) = credentials("right");
    config.credentials = Some(right);
    Cluster::connect(&config).await.unwrap();
    let (_wrong, wrong) = credentials("wrong-4711");
    config.credentials = Some(wrong);
    let refused = Cluster::connect(&config).await.err().unwrap();
    assert!(
        refused.to_string().contains("cluster.credentials"),
        "{refused}"
    );
    assert!(!refused.to_string().contains("4711"));
    config.credentials = None;
    let refused = Cluster::connect(&config).await.err().unwrap();
    assert!(
        refused.to_string().contains("cluster.credentials"),
        "{refused}"
    );
    drop(server);
    let absent = Cluster::connect(&config).await.err().unwrap();
    assert!(matches!(absent, ClusterError::Unreachable(_)), "{absent}");
}

/// Returns a JWT of NATS.
fn jwt(issuer: &KeyPair, subject: &KeyPair, nats: serde_json::Value) -> String {
    let claims = json!({
        "iss": issuer.public_key(), "sub": subject.public_key(), "nats": nats,
        "iat": 1, "jti": "id", "name": "name"
    });
    let head = json!({ "typ": "JWT", "alg": "ed25519-nkey" });
    let encode = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let text = format!("{}.{}", encode(head), encode(claims));
    let signature = URL_SAFE_NO_PAD.encode(issuer.sign(text.as_bytes()).unwrap());
    format!("{text}.{signature}")
}

#[tokio::test]
async fn a_credentials_file_and_a_certificate_authority_are_used() {
    let [operator, account, system, user] = [
        KeyPair::new_operator(),
        KeyPair::new_account(),
        KeyPair::new_account(),
        KeyPair::new_user(),
    ];
    let limits = |storage| {
        json!({ "subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1, "conn": -1, "leaf": -1,
                "disk_storage": storage, "streams": -1, "consumer": -1 })
    };
    let accounts = [(&account, -1), (&system, 0)].map(|(key, storage)| {
        let claims = json!({ "type": "account", "version": 2, "limits": limits(storage) });
        format!("{}: {:?}", key.public_key(), jwt(&operator, key, claims))
    });
    let claims = json!({ "type": "operator", "version": 2, "system_account": system.public_key() });
    let operator = jwt(&operator, &operator, claims);
    let claims = json!({ "type": "user", "version": 2, "subs": -1, "data": -1, "payload": -1 });
    let user_jwt = jwt(&account, &user, claims);

    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let authority_key = rcgen::KeyPair::generate().unwrap();
    let mut authority = rcgen::CertificateParams::default();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let ca_file = file(
        "ca.pem",
        &authority.self_signed(&authority_key).unwrap().pem(),
    );
    let other_file = {
        let key = rcgen::KeyPair::generate().unwrap();
        file("other.pem", &authority.self_signed(&key).unwrap().pem())
    };
    let issuer = rcgen::Issuer::new(authority, authority_key);
    let key = rcgen::KeyPair::generate().unwrap();
    let names = vec!["127.0.0.1".to_owned()];
    let certificate = rcgen::CertificateParams::new(names).unwrap();
    let certificate = certificate.signed_by(&key, &issuer).unwrap();
    let server = TestServer::with(
        "",
        &format!(
            "operator: {operator:?}\nsystem_account: {}\nresolver: MEMORY\nresolver_preload: {{ {} }}\n\
             tls {{ cert_file: {:?}, key_file: {:?} }}",
            system.public_key(),
            accounts.join(", "),
            file("cert.pem", &certificate.pem()),
            file("key.pem", &key.serialize_pem()),
        ),
    );
    // As `nsc` writes it.
    let credentials = |user: &KeyPair| {
        format!(
            "-----BEGIN NATS USER JWT-----\n{user_jwt}\n------END NATS USER JWT------\n\n*** IMPORTANT ***\nSecret.\n\n\
             -----BEGIN USER NKEY SEED-----\n{}\n------END USER NKEY SEED------\n",
            user.seed().unwrap()
        )
    };
    let connect = async |credentials: &str, ca_file: &PathBuf| {
        let mut config = server.config();
        let source = format!("file = {{ file = {:?} }}", file("user.creds", credentials));
        config.credentials = Some(toml::from_str(&source).unwrap());
        config.ca_file = Some(ca_file.clone());
        Cluster::connect(&config).await
    };
    let cluster = connect(&credentials(&user), &ca_file).await.unwrap();
    put(&cluster.claim("a").await.unwrap().0, "s", "there")
        .await
        .unwrap();
    let refused = connect(&credentials(&KeyPair::new_user()), &ca_file)
        .await
        .err()
        .unwrap();
    assert!(
        refused.to_string().contains("cluster.credentials"),
        "{refused}"
    );
    let refused = connect("no credentials", &ca_file).await.err().unwrap();
    assert!(
        refused.to_string().contains("not a NATS credentials file"),
        "{refused}"
    );
    let unknown = connect(&credentials(&user), &other_file)
        .await
        .err()
        .unwrap();
    assert!(
        unknown.to_string().contains("invalid peer certificate"),
        "{unknown}"
    );
    let absent = connect(&credentials(&user), &folder.path().join("absent"))
        .await
        .err()
        .unwrap();
    assert!(absent.to_string().contains("cluster.ca_file"), "{absent}");
}

#[tokio::test]
async fn a_full_stream_is_named_and_keeps_what_it_has() {
    let server = TestServer::with("max_file_store: 2MB", "");
    let cluster = server.connect().await;
    let (claim, _) = cluster.claim("a").await.unwrap();
    put(&claim, "kept", "there").await.unwrap();
    let mut full = None;
    for number in 0..10 {
        let stored = put(&claim, &number.to_string(), &"x".repeat(500_000)).await;
        if let Err(error) = stored {
            full = Some(error);
            break;
        }
    }
    assert!(
        matches!(&full, Some(ClusterError::Refused(why)) if why.contains("it is full")),
        "{full:?}"
    );
    assert_eq!(
        cluster.read("a").await.unwrap().sources["kept"],
        record("there")
    );
}
