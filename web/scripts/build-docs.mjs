// Puts the page at /docs together in dist/docs/: Swagger UI as its package ships it, and what docs/ adds. Files are also
// compressed here, once, instead of for every reader. The program takes dist/ in when it is compiled.
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";

const packaged = new URL("../node_modules/swagger-ui-dist/", import.meta.url);
const own = new URL("../docs/", import.meta.url);
const built = new URL("../dist/docs/", import.meta.url);
// Names there and here. Licences go where the code goes.
const wanted = {
  "swagger-ui-bundle.js": "swagger-ui-bundle.js",
  "swagger-ui-bundle.js.LICENSE.txt": "swagger-ui-bundle.js.LICENSE.txt",
  "swagger-ui.css": "swagger-ui.css",
  LICENSE: "swagger-ui.LICENSE.txt",
  NOTICE: "swagger-ui.NOTICE.txt",
};

await rm(built, { recursive: true, force: true });
await mkdir(built, { recursive: true });
for (const [name, here] of Object.entries(wanted)) await copyFile(new URL(name, packaged), new URL(here, built));
for (const name of await readdir(own)) await copyFile(new URL(name, own), new URL(name, built));
for (const name of await readdir(built)) {
  if (!/\.(html|js|css)$/.test(name)) continue;
  const bytes = await readFile(new URL(name, built));
  await writeFile(new URL(`${name}.gz`, built), gzipSync(bytes, { level: 9 }));
}
console.log(`web/dist/docs: ${(await readdir(built)).join(", ")}`);
