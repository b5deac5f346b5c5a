//! AutoMTLS in tonic: "server" is a plugin, "client" a host that starts the plugin of its other
//! arguments.

use std::error::Error;
use std::path::PathBuf;
use std::process::Stdio;
use std::{env, fs, process};

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use hyper_util::rt::TokioIo;
use rcgen::CertifiedKey;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::process::Command;
use tokio_stream::wrappers::UnixListenerStream;
use tonic::Status;
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint, Identity, Server, ServerTlsConfig};
use tonic_health::{ServingStatus, pb};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

#[tokio::main]
async fn main() -> Result<()> {
    let args: Vec<String> = env::args().skip(1).collect();
    match args.split_first() {
        Some((role, [])) if role == "server" => serve().await,
        Some((role, command)) if role == "client" => call(command).await,
        _ => Err("server, or client and a command".into()),
    }
}

/// Makes a key and a certificate, P-256 and no authority, as rcgen does without further words.
fn own() -> Result<(CertifiedKey<rcgen::KeyPair>, Identity)> {
    let own = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    let identity = Identity::from_pem(own.cert.pem(), own.signing_key.serialize_pem());
    Ok((own, identity))
}

async fn serve() -> Result<()> {
    let (own, identity) = own()?;
    let host = Certificate::from_pem(env::var("PLUGIN_CLIENT_CERT")?);
    let tls = ServerTlsConfig::new().identity(identity).client_ca_root(host);
    let path = PathBuf::from(env::var("PLUGIN_UNIX_SOCKET_DIR")?)
        .join(format!("plugin-{}", process::id()));
    let listener = UnixListener::bind(&path)?;
    let (health, health_service) = tonic_health::server::health_reporter();
    health.set_service_status("plugin", ServingStatus::Serving).await;
    println!("1|1|unix|{}|grpc|{}", path.display(), STANDARD_NO_PAD.encode(own.cert.der()));
    let incoming = UnixListenerStream::new(listener);
    Server::builder()
        .tls_config(tls)?
        .add_service(health_service)
        .serve_with_incoming(incoming)
        .await?;
    Ok(fs::remove_file(path)?)
}

async fn call(command: &[String]) -> Result<()> {
    let (program, args) = command.split_first().ok_or("no command")?;
    let (own, identity) = own()?;
    let mut plugin = Command::new(program)
        .args(args)
        .env("PLUGIN_CLIENT_CERT", own.cert.pem())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let mut line = String::new();
    BufReader::new(plugin.stdout.as_mut().ok_or("no output")?).read_line(&mut line).await?;
    let fields: Vec<&str> = line.trim().split('|').collect();
    let [_, _, _, path, _, der, ..] = fields[..] else { return Err(line.into()) };
    let trusted = Certificate::from_pem(pem(der));
    let unproven = ClientTlsConfig::new().ca_certificate(trusted).domain_name("localhost");
    let proven = unproven.clone().identity(identity);
    println!("with a certificate: {}", answer(check(path, proven).await));
    println!("without: {}", answer(check(path, unproven).await));
    Ok(plugin.kill().await?)
}

fn pem(base64: &str) -> String {
    let lines: Vec<_> = base64.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    let padding = "=".repeat((4 - base64.len() % 4) % 4);
    format!(
        "-----BEGIN CERTIFICATE-----\n{}{padding}\n-----END CERTIFICATE-----\n",
        lines.join("\n")
    )
}

fn answer(checked: Result<i32>) -> String {
    match checked {
        Ok(status) if status == ServingStatus::Serving as i32 => "SERVING".into(),
        Ok(status) => status.to_string(),
        Err(e) => format!("refused: {e}"),
    }
}

async fn check(path: &str, tls: ClientTlsConfig) -> Result<i32> {
    let path = path.to_owned();
    let dial = tower::service_fn(move |_| {
        let path = path.clone();
        async { Ok::<_, std::io::Error>(TokioIo::new(UnixStream::connect(path).await?)) }
    });
    let endpoint = Endpoint::from_static("https://localhost").tls_config(tls)?;
    let channel = endpoint.connect_with_connector(dial).await?;
    let mut health = pb::health_client::HealthClient::new(channel);
    let request = pb::HealthCheckRequest { service: "plugin".into() };
    let answer = health.check(request).await.map_err(|e: Status| Box::new(e))?;
    Ok(answer.into_inner().status)
}
