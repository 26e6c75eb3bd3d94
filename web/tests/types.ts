// What the generated types promise to whoever writes a client; `tsc` is the runner. Nothing here is ever executed.
import type { components, paths } from "../src/generated/api";
import type { EventHeaders, EventType, EventValues } from "../src/generated/events";

type Body<P extends keyof paths, M extends keyof paths[P]> = paths[P][M] extends {
  requestBody: { content: { "application/json": infer B } };
}
  ? B
  : never;
type Answer<P extends keyof paths, M extends keyof paths[P], S extends number> = paths[P][M] extends {
  responses: { [status in S]: { content: { "application/json": infer A } } };
}
  ? A
  : never;

// A message is posted with a text, and with nothing that the API does not know.
export const post: Body<"/v1/rooms/{room}/messages", "post"> = { text: "Hello, log." };
// @ts-expect-error the text is missing
export const empty: Body<"/v1/rooms/{room}/messages", "post"> = {};
// @ts-expect-error an unknown field is refused
export const more: Body<"/v1/rooms/{room}/messages", "post"> = { text: "x", colour: "red" };
// @ts-expect-error there is no such kind of room
export const room: Body<"/v1/rooms", "post"> = { kind: "castle" };
// @ts-expect-error there is no such path
export type Nowhere = paths["/v1/castles"];

// A page has items with a place in their room, and says what is next.
export function newest(page: Answer<"/v1/rooms/{room}/messages", "get", 200>): number | undefined {
  return page.items[0]?.seq;
}
export function told(problem: components["schemas"]["Problem"]): string {
  return problem.field ?? problem.type;
}

// Each type of event has a value of its own.
export const type: EventType = "chat.message.posted.v1";
export function about(value: EventValues["chat.message.deleted.v1"], headers: EventHeaders): string {
  return `${headers.ce_actor} deleted ${value.message_id}`;
}
// @ts-expect-error a deletion carries no text
export type Text = EventValues["chat.message.deleted.v1"]["content"];
// @ts-expect-error there is no such event
export const never: EventType = "chat.castle.built.v1";
// A reader must expect text that is erased, or of a format it does not know.
export function shown(value: EventValues["chat.message.posted.v1"]): string {
  return value.content.text ?? `(${value.content.format})`;
}
