//! The store of examples/kv in Rust. It keeps everything in memory.

mod goplugin;

use std::{collections::BTreeMap, io, sync::Mutex, time::SystemTime};

use goplugin::*;
use kv::{store_server::*, store_watch_on_change_client::*, *};
use tokio::sync::broadcast;
use tonic::{Request, Response, Status, codegen::BoxStream, service::Routes};

tonic::include_proto!("stubs");

const NOT_FOUND: Sentinel = Sentinel("kv.ErrNotFound", "key not found");

struct Memory {
    values: Mutex<BTreeMap<String, (Entry, Vec<u8>)>>,
    changes: broadcast::Sender<Event>, // in their order, for values is locked meanwhile
    host: Host,
}

#[tonic::async_trait]
impl Store for Memory {
    async fn get(&self, r: Request<StoreGetRequest>) -> Answer<StoreGetResponse> {
        let values = self.values.lock().unwrap();
        let (_, value) = values.get(&r.get_ref().key).ok_or(NOT_FOUND)?;
        Ok(StoreGetResponse { result: value.clone() }.into())
    }

    async fn put(&self, r: Request<StorePutRequest>) -> Answer<StorePutResponse> {
        let StorePutRequest { key, value } = r.into_inner();
        eprintln!("{}", serde_json::json!({"@level": "debug", "@message": "put", "key": key}));
        let e = Entry { key, size: value.len() as i64, modified: Some(SystemTime::now().into()) };
        let mut values = self.values.lock().unwrap();
        values.insert(e.key.clone(), (e.clone(), value));
        _ = self.changes.send(Event { op: Op::Put.into(), entry: Some(e) });
        Ok(StorePutResponse {}.into())
    }

    async fn delete(&self, r: Request<StoreDeleteRequest>) -> Answer<StoreDeleteResponse> {
        let mut values = self.values.lock().unwrap();
        let (e, _) = values.remove(&r.get_ref().key).ok_or(NOT_FOUND)?;
        _ = self.changes.send(Event { op: Op::Delete.into(), entry: Some(e) });
        Ok(StoreDeleteResponse {}.into())
    }

    async fn list(&self, r: Request<StoreListRequest>) -> Answer<BoxStream<StoreListResponse>> {
        let (values, prefix) = (self.values.lock().unwrap(), r.into_inner().prefix);
        let list = values.values().filter(|(e, _)| e.key.starts_with(&prefix)).cloned();
        let list: Vec<_> = list.map(|(e, _)| Ok(StoreListResponse { result: Some(e) })).collect();
        Ok(Response::new(Box::pin(tokio_stream::iter(list))))
    }

    async fn watch(&self, r: Request<StoreWatchRequest>) -> Answer<StoreWatchResponse> {
        let mut host = StoreWatchOnChangeClient::new(self.host.of(&r).await?);
        let StoreWatchRequest { prefix, on_change } = r.into_inner();
        let mut changes = self.changes.subscribe();
        let mut e = Event { op: Op::Watch.into(), entry: None };
        loop {
            if e.entry.as_ref().is_none_or(|entry| entry.key.starts_with(&prefix)) {
                host.call(on(&on_change, StoreWatchOnChangeCallRequest { e: Some(e) })).await?;
            }
            e = changes.recv().await.map_err(|e| Status::data_loss(e.to_string()))?;
        }
    }
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let (values, changes) = (Mutex::default(), broadcast::Sender::new(1024));
    serve("kv", 1, |host| Routes::new(StoreServer::new(Memory { values, changes, host }))).await
}
