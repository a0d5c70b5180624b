// The protocol, held against the fixtures that Python reads too.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import test from "node:test";
import { COMMANDS, REPLIES, arrays, decode, encode } from "../../../src/chainrule/playground/static/protocol.js";

const folder = new URL("../fixtures/", import.meta.url);
const read = (kind) =>
  readdirSync(new URL(`${kind}/`, folder)).flatMap((file) => {
    const items = JSON.parse(readFileSync(new URL(`${kind}/${file}`, folder), "utf8"));
    return items.map((item, i) => ({
      name: `${file.replace(".json", "")} ${i}`,
      type: file.replace(".json", ""),
      item,
    }));
  });

/** Bytes at an offset that no typed array likes, as a socket may hand them over. */
const fromBase64 = (text) => Uint8Array.from(Buffer.from(text, "base64")).buffer;

test("every message of the fixtures is known, and no other", () => {
  assert.deepEqual([...new Set(read("commands").map(({ type }) => type))].sort(), Object.keys(COMMANDS).sort());
  assert.deepEqual([...new Set(read("replies").map(({ type }) => type))].sort(), [...REPLIES].sort());
});

for (const { name, item } of read("commands")) {
  test(`the command ${name} travels as the fixture has it`, () => {
    const { buffers: _, ...command } = item;
    assert.deepEqual(JSON.parse(encode(command)), command);
  });
}

for (const { name, item } of read("replies")) {
  test(`the reply ${name} is read as the fixture means it`, () => {
    const wire = item.buffers.length ? fromBase64(item.wire) : item.wire;
    const { content, buffers } = decode(wire);
    assert.deepEqual(content, item.header);
    assert.equal(buffers.length, item.buffers.length);
    buffers.forEach((view, i) => {
      const bytes = Buffer.from(view.buffer, view.byteOffset, view.byteLength);
      assert.equal(bytes.toString("base64"), item.buffers[i]);
    });
    for (const { name: array, shape } of content.layout ?? []) {
      assert.equal(
        arrays(content, buffers)[array].length,
        shape.reduce((a, b) => a * b, 1),
      );
    }
  });
}

test("the weights of a frame are the numbers that Python wrote", () => {
  const frame = read("replies").find(({ type }) => type === "frame").item;
  const { content, buffers } = decode(fromBase64(frame.wire));
  assert.deepEqual([...arrays(content, buffers).weights], [0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1]);
});

test("numbers that start off their grid are read all the same", () => {
  const whole = new ArrayBuffer(9);
  new DataView(whole).setFloat32(1, 2.5, true);
  const layout = [{ name: "w", dtype: "float32", shape: [2] }];
  assert.deepEqual([...arrays({ type: "frame", layout }, [new DataView(whole, 1, 8)]).w], [2.5, 0]);
});

test("a command or a field that Python does not know is a mistake of ours", () => {
  assert.throws(() => encode({ type: "reboot" }), /no command is called reboot/);
  assert.throws(() => encode({ type: "run", fast: true }), /run has no field fast/);
});

test("a message that is shorter or longer than it says is refused", () => {
  const file = read("replies").find(({ type }) => type === "file").item;
  const wire = fromBase64(file.wire);
  assert.throws(() => decode(wire.slice(0, -1)));
  const longer = new Uint8Array(wire.byteLength + 1);
  longer.set(new Uint8Array(wire));
  assert.throws(() => decode(longer.buffer), RangeError);
});

test("an array of another size than its shape is refused", () => {
  const layout = [{ name: "w", dtype: "float32", shape: [3] }];
  assert.throws(
    () => arrays({ type: "frame", layout }, [new DataView(new ArrayBuffer(8))]),
    /3 numbers were announced, 2 came/,
  );
});
