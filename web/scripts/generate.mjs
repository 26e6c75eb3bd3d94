// Makes src/generated/ from the documents in docs/generated/: api.ts from OpenAPI, events.ts from AsyncAPI's list of
// messages and their JSON Schemas. With --check nothing is written: a difference is named, and fails.
import { readFile, writeFile } from "node:fs/promises";
import { compile } from "json-schema-to-typescript";
import openapiTS, { astToString } from "openapi-typescript";

const documents = new URL("../../docs/generated/", import.meta.url);
const generated = new URL("../src/generated/", import.meta.url);
const banner = (from) => `// Made from ${from} by \`npm run generate\`. Do not edit.\n\n`;

const read = async (path) => JSON.parse(await readFile(new URL(path, documents), "utf8"));

async function api() {
  const ast = await openapiTS(await read("openapi.json"), { alphabetize: true, emptyObjectsUnknown: true });
  return banner("docs/generated/openapi.json") + astToString(ast);
}

/** `chat.message.posted.v1` becomes `ChatMessagePostedV1`. */
const typeName = (name) => name.split(/[._]/).map((word) => word[0].toUpperCase() + word.slice(1)).join("");

/** A schema as the compiler understands it: what it would drop or take twice is said in another way. */
function plain(schema) {
  if (Array.isArray(schema)) return schema.map(plain);
  if (schema === null || typeof schema !== "object") return schema;
  const { $ref, description, if: condition, then, ...rest } = schema;
  // Limits beside a reference would make a second type of what it names.
  if ($ref) return description ? { description, allOf: [{ $ref }] } : { $ref };
  const said = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, plain(value)]));
  if (description) said.description = description;
  // Fields that are there under a condition may be missing.
  if (condition && then) said.properties = { ...plain(then.properties), ...said.properties };
  return said;
}

async function events() {
  const { components } = await read("asyncapi.json");
  const $defs = {};
  const named = {};
  const define = (name, schema) => {
    const known = JSON.stringify($defs[name] ?? schema);
    if (known !== JSON.stringify(schema)) throw new Error(`two schemas are called ${name}`);
    $defs[name] = schema;
  };
  for (const name of Object.keys(components.messages).sort()) {
    const { $id, $schema, $defs: own = {}, title, ...schema } = await read(`schemas/${name}.json`);
    for (const [key, value] of Object.entries(own)) define(key, plain(value));
    define(typeName(name), { ...plain(schema), title: typeName(name) });
    named[name] = { $ref: `#/$defs/${typeName(name)}` };
  }
  const { $id, $schema, title, ...headers } = await read("schemas/headers.v1.json");
  define("EventHeaders", { ...plain(headers), title: "EventHeaders" });
  const all = {
    title: "EventValues",
    description: "The value of each type of event (`ce_type`).",
    type: "object",
    properties: named,
    required: Object.keys(named),
    $defs,
  };
  const types = await compile(all, "EventValues", {
    additionalProperties: false,
    bannerComment: banner("docs/generated/asyncapi.json and docs/generated/schemas/").trim(),
    ignoreMinAndMaxItems: true,
    unreachableDefinitions: true,
  });
  // The compiler says of each type where it was mentioned first.
  const said = types.replace(/( \*\n)? \* This interface was referenced by [^\n]*\n \* via the [^\n]*\n/g, "");
  return `${said}\n/** A type of event, as \`ce_type\` says it. */\nexport type EventType = keyof EventValues;\n`;
}

const files = { "api.ts": await api(), "events.ts": await events() };
let stale = 0;
for (const [name, text] of Object.entries(files)) {
  const path = new URL(name, generated);
  if (!process.argv.includes("--check")) {
    await writeFile(path, text);
  } else if ((await readFile(path, "utf8").catch(() => "")) !== text) {
    console.error(`web/src/generated/${name} is not what the documents say: run \`npm run generate\` in web/ and commit it`);
    stale += 1;
  }
}
if (process.argv.includes("--check")) {
  console.log(`counted: ${Object.keys(files).length - stale} passed, ${stale} failed, 0 skipped`);
}
process.exitCode = stale > 0 ? 1 : 0;
