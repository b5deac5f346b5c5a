// A plugin of examples/kv in Node, without Subscribe, Snapshot, Restore and the limit on sizes.
'use strict';

const { EventEmitter, on } = require('node:events');
const { Failure, cause, load, log, main } = require('./goplugin');

const { kv } = load('kv.proto');

class Store {
  values = new Map();
  changes = new EventEmitter().setMaxListeners(0);

  async Get({ key }) {
    return { result: this.find('get', key).value };
  }

  async Put({ key, value }, context) {
    await this.set(key, value, context);
  }

  async Delete({ key }) {
    this.find('delete', key);
    this.values.delete(key);
    this.changes.emit('change', { op: 'OP_DELETE', entry: { key } });
  }

  async *List({ prefix }) {
    for (const key of [...this.values.keys()].sort()) {
      if (key.startsWith(prefix) && this.values.has(key)) yield { result: this.values.get(key).entry };
    }
  }

  async Import({ key, r }, context) {
    const value = await context.read(r);
    await this.set(key, value, context);
    return { size: value.length };
  }

  async Export({ key, w }, context) {
    const { value } = this.find('export', key);
    await context.write(w, value);
    return { size: value.length };
  }

  async Watch({ prefix, on_change }, context) {
    const call = (e) => context.call(kv.StoreWatchOnChange, 'Call', { e }, on_change);
    const changes = on(this.changes, 'change', context);
    await call({ op: 'OP_WATCH' });
    for await (const [event] of changes) {
      if (event.entry.key.startsWith(prefix)) await call(event);
    }
  }

  find(op, key) {
    if (this.values.has(key)) return this.values.get(key);
    const fields = kv.KeyError.serialize({ op, key });
    const why = cause('kv.ErrNotFound', 'key not found');
    throw new Failure('kv.KeyError', `${op} "${key}": key not found`, fields, why);
  }

  async set(key, value, context) {
    const clock = await context.ask(kv.Clock, 'Now', {});
    const modified = clock ? clock.result : { seconds: Math.floor(Date.now() / 1000) };
    const entry = { key, size: value.length, modified };
    this.values.set(key, { value, entry });
    this.changes.emit('change', { op: 'OP_PUT', entry });
    log('info', `stored ${key}`);
  }
}

main('kv', 1, kv.Store.service, new Store());
