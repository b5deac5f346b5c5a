// What plugins in Node need beside their contract, whatever that is: go-plugin's handshake, the
// services that its hosts ask for, AutoMTLS, and the way to the host. See PROTOCOL.md, section 14.
'use strict';

const { X509Certificate } = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { Readable } = require('node:stream');
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');
const { HealthImplementation } = require('grpc-health-check');
const selfsigned = require('selfsigned');

const NAME = 'localhost'; // is what all sides verify
const PIECE = 64 << 10;
const UNLIMITED = { 'grpc.max_receive_message_length': -1 }; // the host sets the limit
const DETAILS = 'grpc-status-details-bin';

// load returns the packages of .proto files.
function load(...files) {
  const includeDirs = [__dirname, path.join(__dirname, '..'), path.join(__dirname, '../../../proto')];
  const options = { includeDirs, keepCase: true, longs: String, enums: String, defaults: true };
  return grpc.loadPackageDefinition(loader.loadSync(files, options));
}

const { tenon, plugin, google } = load('tenon/tenon.proto', 'goplugin/goplugin.proto', 'status.proto');

// main serves a service, which an object has the methods of, until the host asks the plugin to end.
async function main(app, version, service, object) {
  if (process.env.TENON_APP !== app) {
    console.error(`This is a plugin of ${app}. It is started by a program that uses it.`);
    process.exit(1);
  }
  const own = process.env.PLUGIN_CLIENT_CERT && (await identity());
  const server = new grpc.Server(UNLIMITED);
  const folder = fs.mkdtempSync(path.join(process.env.PLUGIN_UNIX_SOCKET_DIR || os.tmpdir(), 'kv-'));
  process.on('exit', () => fs.rmSync(folder, { recursive: true, force: true }));
  const host = new Host(own, () => server.tryShutdown(() => process.exit()));
  server.addService(service, handlers(service, object, host));
  server.addService(plugin.GRPCBroker.service, { StartStream: (call) => host.listen(call) });
  server.addService(plugin.GRPCController.service, { Shutdown: (_, answer) => host.leave(answer) });
  new HealthImplementation({ plugin: 'SERVING' }).addToServer(server);
  const socket = path.join(folder, 'plugin');
  server.bindAsync('unix:' + socket, serverCredentials(own), (err) => {
    if (err) throw err;
    console.log(`1|${version}|unix|${socket}|grpc|${own ? own.der : ''}`);
  });
}

// identity returns a key and a certificate for this one start.
async function identity() {
  const altNames = [{ type: 2, value: NAME }];
  const pair = await selfsigned.generate([{ name: 'commonName', value: NAME }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notBeforeDate: new Date(Date.now() - 60_000),
    notAfterDate: new Date(Date.now() + 10 * 365 * 24 * 3600_000),
    extensions: [{ name: 'subjectAltName', altNames }],
  });
  const der = new X509Certificate(pair.cert).raw.toString('base64').replaceAll('=', '');
  return { key: Buffer.from(pair.private), cert: Buffer.from(pair.cert), der };
}

function serverCredentials(own) {
  if (!own) return grpc.ServerCredentials.createInsecure();
  const pairs = [{ private_key: own.key, cert_chain: own.cert }];
  return grpc.ServerCredentials.createSsl(Buffer.from(process.env.PLUGIN_CLIENT_CERT), pairs, true);
}

function channelCredentials(own) {
  if (!own) return grpc.credentials.createInsecure();
  return grpc.credentials.createSsl(Buffer.from(process.env.PLUGIN_CLIENT_CERT), own.key, own.cert);
}

// A Host is the host, as something to call.
class Host {
  constructor(own, end) {
    this.own = own;
    this.end = end;
    this.channels = new Map(); // by the broker's id, with who waits for them
  }

  // listen notes at which addresses the host serves what. A channel is dialled when it is used.
  // The stream is open until the host ends, or ends the plugin.
  listen(call) {
    this.broker = call;
    call.on('data', (info) => {
      const target = info.network === 'tcp' ? info.address : 'unix:' + info.address;
      const named = { 'grpc.ssl_target_name_override': NAME, 'grpc.default_authority': NAME, ...UNLIMITED };
      this.at(info.service_id).resolve(new grpc.Channel(target, channelCredentials(this.own), named));
    });
    call.on('cancelled', () => this.leave());
    call.on('end', () => this.leave());
  }

  at(id) {
    if (!this.channels.has(id)) {
      const entry = {};
      entry.channel = new Promise((resolve) => Object.assign(entry, { resolve }));
      this.channels.set(id, entry);
    }
    return this.channels.get(id);
  }

  // leave ends the plugin when nothing is under way, and in a second at the latest.
  leave(answer) {
    answer?.(null, {});
    this.broker?.end();
    setTimeout(() => process.exit(), 1000);
    this.end();
  }
}

// A Context is what a method has of the call that it carries out.
class Context {
  constructor(host, call) {
    this.host = host;
    this.own = call;
    this.ended = new AbortController();
    this.signal = this.ended.signal; // of the end of the call
    call.on('cancelled', () => this.ended.abort());
  }

  // client returns what calls a service of the host, or one of its refs.
  async client(Stub) {
    const [id] = this.own.metadata.get('tenon-host');
    if (id === undefined) {
      throw Object.assign(new Error('the host is not one of Tenon'), { code: grpc.status.UNIMPLEMENTED });
    }
    const channelOverride = await this.host.at(Number(id)).channel;
    return new Stub('', channelCredentials(this.host.own), { channelOverride });
  }

  // call calls a method of a ref, or of a service if there is no ref. It ends with this call.
  async call(Stub, method, request, ref) {
    const client = await this.client(Stub);
    return new Promise((resolve, reject) =>
      client[method](request, to(ref), { parent: this.own }, (err, reply) => (err ? reject(err) : resolve(reply))),
    );
  }

  // ask calls a service. Its answer is null if the host does not offer it.
  async ask(Stub, method, request) {
    try {
      return await this.call(Stub, method, request);
    } catch (err) {
      if (err.code === grpc.status.UNIMPLEMENTED) return null;
      throw err;
    }
  }

  // read returns all that a reader has.
  async read(ref) {
    const client = await this.client(tenon.IO);
    const pieces = [];
    for await (const piece of client.Drain({}, to(ref), { parent: this.own })) pieces.push(piece.data);
    return Buffer.concat(pieces);
  }

  // write writes all of a value to a writer.
  async write(ref, value) {
    for (let done = 0; done < value.length; ) {
      const data = value.subarray(done, done + PIECE);
      done += Number((await this.call(tenon.IO, 'Write', { data }, ref)).size);
    }
  }
}

// to returns the metadata that calls a ref.
function to(ref) {
  const metadata = new grpc.Metadata();
  if (ref) metadata.set('tenon-ref', String(ref.id));
  return metadata;
}

// cause says what an error is: a sentinel, or a type with the message that its fields are in.
function cause(name, text, value, ...causes) {
  return { name, text, value, causes };
}

// A Failure is an error whose identity the caller is to know, as cause has it.
class Failure extends Error {
  constructor(name, text, value, ...causes) {
    super(text);
    this.code = grpc.status.UNKNOWN;
    const error = { code: this.code, message: text, cause: cause(name, text, value, ...causes) };
    const detail = { type_url: 'type.googleapis.com/tenon.Error', value: tenon.Error.serialize(error) };
    this.metadata = new grpc.Metadata();
    this.metadata.set(DETAILS, google.rpc.Status.serialize({ code: this.code, message: text, details: [detail] }));
  }
}

// status is what a call is answered with that failed: a Failure, or what a call of ours was answered
// with, which so keeps its identity.
function status(err) {
  const metadata = new grpc.Metadata();
  for (const value of err.metadata?.get(DETAILS) ?? []) metadata.add(DETAILS, value);
  return { code: err.code ?? grpc.status.UNKNOWN, details: err.details || err.message, metadata };
}

// handlers makes gRPC's handlers of an object's methods, which take a request and a Context, and are
// asynchronous: functions, or generators where the answer is a stream.
function handlers(service, object, host) {
  const all = {};
  for (const [name, { responseStream }] of Object.entries(service)) {
    if (!object[name]) continue; // it is answered with UNIMPLEMENTED
    all[name] = (call, answer) => {
      const context = new Context(host, call);
      const result = object[name](call.request, context);
      if (!responseStream) {
        const failed = (err) => answer(status(err));
        result.then((reply) => answer(null, reply), failed).finally(() => context.ended.abort());
        return;
      }
      const source = Readable.from(result);
      source.on('error', (err) => call.emit('error', status(err)));
      context.signal.addEventListener('abort', () => source.destroy());
      source.pipe(call);
    };
  }
  return all;
}

// log writes to standard error what hosts take for a log record.
function log(level, message, more) {
  console.error(JSON.stringify({ '@timestamp': new Date(), '@level': level, '@message': message, ...more }));
}

module.exports = { Failure, cause, load, log, main };
