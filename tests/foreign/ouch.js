'use strict';

// OUCH 5.0 as bytes, written from the specification and not from our codec. Types are single
// characters, all integers are big-endian.

const u16 = (value) => { const b = Buffer.alloc(2); b.writeUInt16BE(value); return b; };
const u32 = (value) => { const b = Buffer.alloc(4); b.writeUInt32BE(value); return b; };
const u64 = (value) => { const b = Buffer.alloc(8); b.writeBigUInt64BE(BigInt(value)); return b; };
const text = (value, size) => Buffer.from(value.padEnd(size), 'ascii');
const join = (...parts) =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'ascii') : part)));

const NO_APPENDAGE = u16(0);
const firmAppendage = (firm) => join(u16(6), Buffer.from([5, 2]), text(firm, 4));

// To the gate, or from it to the venue.
exports.enter = ({ number, side, quantity, symbol, price, life = '0', id = '', firm }) =>
  join('O', u32(number), side, u32(quantity), text(symbol, 8), u64(price), life, 'YPNN', text(id, 14),
       firm ? firmAppendage(firm) : NO_APPENDAGE);
exports.replace = ({ original, number, quantity, price, id = '' }) =>
  join('U', u32(original), u32(number), u32(quantity), u64(price), '0YN', text(id, 14), NO_APPENDAGE);
exports.cancel = (number, total = 0) => join('X', u32(number), u32(total));
exports.massCancel = (number, firm, symbol) =>
  join('C', u32(number), text(firm, 4), text(symbol, 8), NO_APPENDAGE);
exports.query = () => join('Q');

exports.readEnter = (b) => ({
  number: b.readUInt32BE(1),
  side: b.toString('ascii', 5, 6),
  quantity: b.readUInt32BE(6),
  symbol: b.toString('ascii', 10, 18),
  price: Number(b.readBigUInt64BE(18)),
  life: b.toString('ascii', 26, 27),
  rest: b.toString('ascii', 27, 31),
  id: b.toString('ascii', 31, 45),
  appendage: b.subarray(45),
});

// From the venue. `order` is what readEnter made of the bytes of the order.
const TIME = u64(34_200_000_000_000n);
exports.accepted = (order, reference) =>
  join('A', TIME, u32(order.number), order.side, u32(order.quantity), order.symbol, u64(order.price), order.life,
       'Y', u64(reference), 'PNN', 'L', order.id, order.appendage);
exports.executed = (number, quantity, price, match) =>
  join('E', TIME, u32(number), u32(quantity), u64(price), 'A', u64(match), NO_APPENDAGE);
exports.canceled = (number, decrement) => join('C', TIME, u32(number), u32(decrement), 'U');
exports.queryResponse = (next) => join('Q', TIME, u32(next));
exports.massCancelResponse = (number, firm, symbol) =>
  join('X', TIME, u32(number), text(firm, 4), text(symbol, 8));
exports.systemEvent = (event) => join('S', TIME, event);

// A message from the gate to a client, without what it is free to choose (time stamp, order
// reference, match number), as one line.
exports.line = (b) => {
  const at32 = (offset) => b.readUInt32BE(1 + offset);
  const chars = (offset, size) => b.toString('ascii', 1 + offset, 1 + offset + size);
  const price = (offset) => Number(b.readBigUInt64BE(1 + offset));
  const type = b.toString('ascii', 0, 1);
  switch (type) {
    case 'S': return `S ${chars(8, 1)}`;
    case 'A': return `A ${at32(8)} ${chars(12, 1)} ${at32(13)} ${chars(17, 8).trim()} ${price(25)} ${chars(33, 2)}` +
                     ` ${chars(43, 4)} ${chars(47, 14).trim()} ${b.toString('hex', 64)}`;
    case 'U': return `U ${at32(8)} ${at32(12)} ${chars(16, 1)} ${at32(17)} ${price(29)} ${chars(50, 1)}`;
    case 'E': return `E ${at32(8)} ${at32(12)} ${price(16)}`;
    case 'C': return `C ${at32(8)} ${at32(12)} ${chars(16, 1)}`;
    case 'J': return `J ${at32(8)} ${b.readUInt16BE(13).toString(16)} ${chars(14, 14).trim()}`;
    case 'Q': return `Q ${at32(8)}`;
    default: return `${type}?`;
  }
};
