// Opens /docs of a running platform in Chromium, as wide as a desk, a tablet and a phone, reads, and tries calls:
//   node tests/docs-page.mjs http://127.0.0.1:8080 [FOLDER FOR SCREENSHOTS]
// The tests of `chatlog` run it. What the browser complains about (console, content security policy) is a failure.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const widths = [1300, 800, 360];
const base = new URL(process.argv[2]).origin;
const screenshots = process.argv[3];

/** Keeps what a page complains about, and what it loads from elsewhere. */
async function watch(page) {
  const complaints = [];
  await page.exposeFunction("complain", (text) => complaints.push(text));
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) =>
      complain(`${event.violatedDirective} forbids ${event.blockedURI} (${event.sourceFile}:${event.lineNumber})`),
    );
  });
  page.on("console", (message) => complaints.push(`console: ${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => complaints.push(`uncaught: ${error.message}`));
  page.on("requestfailed", (request) => complaints.push(`no answer: ${request.url()}`));
  page.on("request", (request) => {
    const { origin, protocol } = new URL(request.url());
    if (origin !== base && protocol !== "data:") complaints.push(`asks another host: ${request.url()}`);
  });
  return complaints;
}

const operation = (page, tag, id) => page.locator(`[id="operations-${tag}-${id}"]`);

async function open(block) {
  await block.locator(".opblock-summary-control").click();
  await block.locator(".execute").waitFor();
}

/** Fills in, executes, and gives the status and the text of the answer. */
async function execute(block, { headers = {}, body } = {}) {
  for (const [name, value] of Object.entries(headers)) await block.locator(`[data-param-name="${name}"] input`).fill(value);
  if (body) await block.locator("textarea").fill(JSON.stringify(body));
  await block.locator(".execute").click();
  const answer = block.locator(".live-responses-table tbody .response");
  const status = await answer.locator(".response-col_status").first().innerText();
  return { status: status.trim(), text: await answer.locator(".highlight-code code").first().innerText() };
}

async function screenshot(page, name) {
  if (screenshots) await page.screenshot({ path: join(screenshots, `${name}.png`) });
}

/** Nothing is wider than the window, and no name is broken into two lines. */
async function fits(page, what) {
  const [wide, window, broken] = await page.evaluate(() => {
    const lines = (element) => {
      const range = document.createRange();
      range.selectNodeContents(element.firstChild);
      return new Set([...range.getClientRects()].map((line) => line.top)).size;
    };
    const names = [...document.querySelectorAll(".parameter__name, .opblock-summary-method")];
    const broken = names.filter((name) => lines(name) > 1).map((name) => name.textContent);
    return [document.documentElement.scrollWidth, innerWidth, broken];
  });
  assert(wide <= window, `${what}: ${wide} pixels in a window of ${window}`);
  assert.deepEqual(broken, [], `${what}: broken names`);
}

/** Every operation of the document is there, and can be opened and read. */
async function read(page, width) {
  await page.setViewportSize({ width, height: 900 });
  await page.goto(`${base}/docs`);
  await page.locator(".opblock").first().waitFor();
  const { paths } = await (await fetch(`${base}/openapi.json`)).json();
  const methods = ["get", "put", "post", "delete", "patch"];
  const documented = Object.values(paths).flatMap((path) => methods.filter((method) => method in path));
  assert.equal(await page.locator(".opblock").count(), documented.length);
  await fits(page, `${width}: all operations`);
  await screenshot(page, `docs-${width}`);

  const events = operation(page, "admin", "list_events");
  await open(events);
  assert(await events.locator('[data-param-name="topic"]').isVisible());
  await fits(page, `${width}: the log's events`);
  await events.scrollIntoViewIfNeeded();
  await screenshot(page, `docs-${width}-operation`);

  await page.locator(".models .models-control").click();
  await page.locator(".models .json-schema-2020-12").first().waitFor();
  await fits(page, `${width}: schemas`);
}

/** Signs up and logs in by the page alone, enters the token, and asks who that is. */
async function tryCalls(page) {
  const username = `docs-${randomUUID().slice(0, 8)}`;
  const password = `correct horse ${randomUUID()}`;
  const signUp = operation(page, "users", "sign_up");
  await open(signUp);
  const body = { username, email: `${username}@example.org`, password };
  const signedUp = await execute(signUp, { headers: { Prefer: "wait=10" }, body });
  assert.equal(signedUp.status, "201", signedUp.text);

  const logIn = operation(page, "sessions", "log_in");
  await open(logIn);
  const session = await execute(logIn, { body: { username, password } });
  assert.equal(session.status, "200", session.text);
  const token = JSON.parse(session.text).access_token;

  await page.locator(".btn.authorize").click();
  const dialog = page.locator(".modal-ux");
  assert.equal(await dialog.locator("input").count(), 1, "one field: the token");
  await dialog.locator("input").fill(token);
  await screenshot(page, "docs-token");
  await dialog.locator(".btn.authorize").click();
  await dialog.locator(".btn-done").click();

  const me = operation(page, "people", "get_me");
  await open(me);
  const answer = await execute(me);
  assert.equal(answer.status, "200", answer.text);
  assert.equal(JSON.parse(answer.text).username, username);
  await fits(page, "an answer");
  await me.scrollIntoViewIfNeeded();
  await screenshot(page, "docs-answer");
}

const profile = await mkdtemp(join(tmpdir(), "chatlog-docs-"));
const browser = await chromium.launchPersistentContext(profile, {
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
});
try {
  // One profile: from the second page on, the browser has the files, and asks whether they are still the same.
  for (const width of widths) {
    const page = await browser.newPage();
    const complaints = await watch(page);
    try {
      await read(page, width);
      if (width === widths[0]) await tryCalls(page);
    } finally {
      // They may be why something else went wrong.
      for (const complaint of complaints) console.error(`${width}: ${complaint}`);
    }
    assert.equal(complaints.length, 0, "the browser complains");
    await page.close();
  }
} finally {
  await browser.close();
  await rm(profile, { recursive: true, force: true });
}
console.log(`/docs works at ${widths.join(", ")} pixels`);
