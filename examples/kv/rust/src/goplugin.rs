//! What any plugin in Rust needs so that hosts of Tenon and of go-plugin run it. Nothing in here
//! knows the contract: PROTOCOL.md, section 14, is what it follows.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::{env, fs, io, process};

use prost::Message;
use prost_types::Any;
use tokio::net::UnixListener;
use tokio::sync::{Notify, watch};
use tokio_stream::wrappers::UnixListenerStream;
use tonic::codegen::BoxStream;
use tonic::service::Routes;
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Code, Request, Response, Status, Streaming, async_trait};
use tonic_health::ServingStatus;

use crate::plugin::grpc_broker_server::{GrpcBroker, GrpcBrokerServer};
use crate::plugin::grpc_controller_server::{GrpcController, GrpcControllerServer};
use crate::plugin::{ConnInfo, Empty};
use crate::tenon::{Cause, Error, Ref};

pub type Answer<T> = Result<Response<T>, Status>;

/// The host, as far as the plugin calls it.
#[derive(Clone, Default)]
pub struct Host {
    serves: watch::Sender<HashMap<u32, Channel>>, // by the broker's ids
    leave: Arc<Notify>,
}

impl Host {
    /// Returns the connection to what the host has lent with a call. The host says where that is on
    /// another stream, before the call: it is waited for, because streams overtake each other.
    pub async fn of<T>(&self, call: &Request<T>) -> Result<Channel, Status> {
        let id = call.metadata().get("tenon-host").and_then(|id| id.to_str().ok()?.parse().ok());
        let id = id.ok_or_else(|| Status::failed_precondition("the host lends nothing"))?;
        let mut serves = self.serves.subscribe();
        let serves = serves.wait_for(|s| s.contains_key(&id)).await;
        Ok(serves.map_err(|e| Status::unavailable(e.to_string()))?[&id].clone())
    }
}

/// Returns a call of what a ref stands for. An absent ref is nil, and there is none 0.
pub fn on<T>(to: &Option<Ref>, message: T) -> Request<T> {
    let mut call = Request::new(message);
    call.metadata_mut().insert("tenon-ref", to.as_ref().map_or(0, |r| r.id).into());
    call
}

/// An error of the contract's package, by its name and its text: errors.Is finds it in the host.
pub struct Sentinel(pub &'static str, pub &'static str);

impl From<Sentinel> for Status {
    fn from(Sentinel(name, text): Sentinel) -> Status {
        let (code, message) = (Code::Unknown, text.to_owned());
        let cause = Some(Cause { name: name.into(), ..Default::default() });
        let error =
            Error { code: code as u32, message: message.clone(), cause, ..Default::default() };
        let type_url = "type.googleapis.com/tenon.Error".into();
        let details = vec![Any { type_url, value: error.encode_to_vec() }];
        let status = tonic_types::Status { code: code as i32, message, details };
        Status::with_details(code, text, status.encode_to_vec().into())
    }
}

#[async_trait]
impl GrpcBroker for Host {
    /// The stream lasts as long as the host: a plugin that it leaves behind ends with it.
    async fn start_stream(&self, r: Request<Streaming<ConnInfo>>) -> Answer<BoxStream<ConnInfo>> {
        let (mut told, host) = (r.into_inner(), self.clone());
        tokio::spawn(async move {
            while let Ok(Some(at)) = told.message().await {
                let scheme = if at.network == "unix" { "unix" } else { "http" };
                if let Ok(there) = Endpoint::try_from(format!("{scheme}://{}", at.address)) {
                    host.serves.send_modify(|s| _ = s.insert(at.service_id, there.connect_lazy()));
                }
            }
            host.leave.notify_one();
        });
        Ok(Response::new(Box::pin(tokio_stream::pending())))
    }
}

#[async_trait]
impl GrpcController for Host {
    /// The host asks when no call is under way, and takes the end for an answer.
    async fn shutdown(&self, _: Request<Empty>) -> Answer<Empty> {
        self.leave.notify_one();
        Ok(Empty {}.into())
    }
}

/// Serves a plugin of the app, in its only version, until the host ends it, or ends itself.
pub async fn serve(
    app: &str,
    version: u32,
    services: impl FnOnce(Host) -> Routes,
) -> io::Result<()> {
    if env::var("TENON_APP").as_deref() != Ok(app) {
        return Err(io::Error::other(format!("this is a plugin, for a host of {app} to start")));
    }
    let dir = env::var_os("PLUGIN_UNIX_SOCKET_DIR").filter(|dir| !dir.is_empty());
    let dir = dir.map_or_else(env::temp_dir, PathBuf::from);
    let path = dir.join(format!("plugin-{}", process::id()));
    let listener = UnixListener::bind(&path)?;
    let (health, health_service) = tonic_health::server::health_reporter();
    health.set_service_status("plugin", ServingStatus::Serving).await;
    let host = Host::default();
    let services = services(host.clone())
        .add_service(health_service)
        .add_service(GrpcBrokerServer::new(host.clone()))
        .add_service(GrpcControllerServer::new(host.clone()));
    println!("1|{version}|unix|{}|grpc", path.display());
    let server = Server::builder().add_routes(services);
    let ended = tokio::select! {
        ended = server.serve_with_incoming(UnixListenerStream::new(listener)) => ended,
        _ = host.leave.notified() => Ok(()),
    };
    println!("{app} has served until its host left");
    _ = fs::remove_file(path); // the host may have removed the whole directory
    ended.map_err(io::Error::other)
}
