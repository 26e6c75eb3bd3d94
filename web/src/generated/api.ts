// Made from docs/generated/openapi.json by `npm run generate`. Do not edit.

export interface paths {
    "/.well-known/jwks.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The keys that access tokens are signed with
         * @description Newest first. Anybody can verify an access token with them; they are kept as long as tokens they signed may count.
         */
        get: operations["jwks"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Browse the log
         * @description Every record that fits, damaged ones and those of later versions too (`problem` says what is wrong with them). The work
         *     for one page is bounded: where few records fit, it ends early, and `next` leads on.
         */
        get: operations["list_events"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/events/tail": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Watch the log
         * @description Server-sent events: `record` with what `GET /v1/admin/events` has in `items`, and at last `end` with a `reason`. At least
         *     every ten seconds an `id` (and a comment) says where the stream stands; sent as `Last-Event-ID`, with the same filters, it
         *     goes on there, and may repeat the records of the last second. A stream lasts ten minutes at most.
         */
        get: operations["tail_events"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/mails": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List mails
         * @description Those on their way and those that ended, the latest first.
         */
        get: operations["list_mails"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/parked": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List parked keys
         * @description Keys of which an event could not be processed: it and its successors wait, everything else goes on.
         */
        get: operations["list_parked"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/parked/{key}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read the parked events of a key */
        get: operations["get_parked"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/parked/{key}/drop": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Give the first parked event of a room up
         * @description For ever: the log says so by `chat.room.event_dropped`, and every later fold leaves it out. Its successors are processed.
         */
        post: operations["drop_parked"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/parked/{key}/retry": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Try parked events again
         * @description All of a key, in the log's order. What cannot be processed even now stays parked, and what comes after it.
         */
        post: operations["retry_parked"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/projections": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read how far the read models are
         * @description Each generation with its state and size, and each partition of it with what is not folded yet and what is parked.
         */
        get: operations["list_projections"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/rebuild": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read how far a rebuild is
         * @description Of the rebuild at work (`chatlog rebuild`), or of the last one.
         */
        get: operations["get_rebuild"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/registrations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List sign-ups
         * @description Those under way and those that ended, the latest first.
         */
        get: operations["list_registrations"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/rooms/{room}/at": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a room as it was at a time
         * @description Folded from the log alone: facts, people and messages as members could read them then, before later edits and deletions.
         *     Each look is an event in `chat.admin` (`room_looked_back`).
         */
        get: operations["get_room_at"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/rooms/{room}/diff": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read what became of a room between two times
         * @description Folded from the log alone, twice. Each look is an event in `chat.admin` (`room_compared`).
         */
        get: operations["get_room_diff"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/channels": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the public channels
         * @description Channels that anybody may join, by name; archived ones are not among them.
         */
        get: operations["list_channels"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/friends": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List one's friends
         * @description Those whom the reader has added, each `mutual` if they have added the reader too; with `incoming=true` those who have
         *     added the reader and wait for the same.
         */
        get: operations["list_friends"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/friends/{user}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Add a friend
         * @description To the caller's own list. Friends are mutual once each has added the other; until then the other finds the caller among
         *     those who have added them (`GET /v1/friends?incoming=true`).
         */
        put: operations["add_friend"];
        post?: never;
        /**
         * Remove a friend
         * @description From the caller's own list; the caller stays in the other's.
         */
        delete: operations["remove_friend"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/inbox": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read the inbox
         * @description The rooms that the reader is in or invited to, newest activity first, with what is unread. A room that becomes active
         *     while pages are walked moves to the front: it is seen there when the first page is read again.
         */
        get: operations["get_inbox"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read one's own profile */
        get: operations["get_me"];
        put?: never;
        post?: never;
        /**
         * Close one's account
         * @description For good: every session ends, the address is free again, groups and channels are left. What was said stays, under the
         *     name that it was said under; nobody else gets the username. Direct rooms stay as they are.
         */
        delete: operations["close_account"];
        options?: never;
        head?: never;
        /**
         * Change one's profile
         * @description Everybody sees the new name from then on, also beside what was said before.
         */
        patch: operations["change_profile"];
        trace?: never;
    };
    "/v1/me/password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Change the password
         * @description Every session of the caller ends, this one included, on every replica within a second: log in again. Wrong passwords are
         *     counted like those of log-ins.
         */
        put: operations["change_password"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/me/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Say what one is up to */
        put: operations["put_status"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/outcomes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read what became of a command
         * @description For the position that a command was answered with, and for whoever sent it alone. Waits a second for the fold.
         */
        get: operations["get_outcome"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/password/forgot": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Ask for another password
         * @description A code is mailed with which another password can be chosen, if the address is of an account; the answer is the same if
         *     not. Few are sent to one address.
         */
        post: operations["forgot_password"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/password/reset": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Choose another password
         * @description Takes the mailed code, which is good for five minutes and five tries, once. Every session of the account ends. An address
         *     that nobody has and a wrong code are told apart by nothing.
         */
        post: operations["reset_password"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/registrations/{registration}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Look how a sign-up stands
         * @description The id that `POST /v1/users` answered with is all that is needed.
         */
        get: operations["get_registration"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/registrations/{registration}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Follow a sign-up (server-sent events)
         * @description Events named `registration` have the same JSON as the plain look: first how it stands, then every change. After the last
         *     one (it is registered, or it is rejected and everything is undone) comes `end`, and the stream closes; a participant that
         *     has not answered within ten seconds of the rejection is not waited for. A client that comes again with `Last-Event-ID`
         *     gets what is newer; 204 where nothing more will come.
         */
        get: operations["follow_registration"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/rooms": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Create a room
         * @description The caller owns it. A direct room belongs to both alike, and opening it again gives the same room.
         */
        post: operations["create_room"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/rooms/{room}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a room
         * @description Members and invited people see it; a public channel is seen by everybody.
         */
        get: operations["get_room"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /** Rename or archive a room */
        patch: operations["change_room"];
        trace?: never;
    };
    "/v1/rooms/{room}/changes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read what happened in a room since a rev
         * @description Complete and in order: each rev after `after_rev` once, as far as `limit` goes. A client that was away asks with the
         *     last rev that it saw, then with the `rev` of each answer until `more` is false. Subjects are shown as they are now.
         */
        get: operations["list_changes"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/rooms/{room}/members": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List a room's members */
        get: operations["list_members"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/rooms/{room}/members/{user}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Join, invite, or change a role
         * @description For oneself: joins an open room, or one that one is invited to. For others: invites them; who is a member already gets
         *     the role, if one is given.
         */
        put: operations["put_member"];
        post?: never;
        /**
         * Leave, or remove a member
         * @description For oneself: leaves the room, or declines an invitation. For others: removes them; only an invitation brings them back.
         */
        delete: operations["remove_member"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/rooms/{room}/messages": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a room's messages
         * @description Newest first. `next` leads to older messages, `prev` to newer ones; both stay right while people write, edit and
         *     delete. `before`, `after` and `around` exclude each other; `from` and `to` go with `before` and `after`. A page ends at 2 MiB
         *     of messages, with fewer than `limit` of them: what counts is whether there is a `next` or `prev`.
         *
         *     With `Accept: application/x-ndjson` the whole room (or the range of `from` and `to`) comes as a stream, a message a line,
         *     oldest first, at the reader's own pace. Its last line is
         *     `{"complete":true,"messages":N,"rev":R}`, or says with `"complete":false` and a `reason` why it ends early (a problem's
         *     last word: `forbidden` for who is no member any more, or came back and may see less); a stream without such a line was cut.
         *     What happened since it began is told by `changes` after `rev`.
         */
        get: operations["list_messages"];
        put?: never;
        /**
         * Post a message
         * @description 202 once the log has it. With `Prefer: wait=N` the answer waits for the fold: 201 with the message's place, or the
         *     rejection.
         */
        post: operations["post_message"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/rooms/{room}/messages/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read one message */
        get: operations["get_message"];
        put?: never;
        post?: never;
        /**
         * Delete a message
         * @description Its author does, or a moderator. Its place stays; its text, earlier texts and reactions are gone.
         */
        delete: operations["delete_message"];
        options?: never;
        head?: never;
        /**
         * Edit a message
         * @description Only its author does. Earlier texts stay readable for the room's members.
         */
        patch: operations["edit_message"];
        trace?: never;
    };
    "/v1/rooms/{room}/messages/{id}/edits": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read what a message said before
         * @description Every version, the present one first. A deleted message has none.
         */
        get: operations["list_edits"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/rooms/{room}/messages/{id}/reactions/{emoji}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * React to a message
         * @description Puts an emoji (or a short word) on it. Doing it again changes nothing.
         */
        put: operations["react"];
        post?: never;
        /**
         * Take a reaction back
         * @description One's own. Doing it again changes nothing.
         */
        delete: operations["take_reaction_back"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/rooms/{room}/messages/{id}/replies": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read the replies to a message
         * @description Newest first, as in the history. `next` leads to older replies, `prev` to newer ones; `before` and `after` exclude each
         *     other.
         */
        get: operations["list_replies"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/rooms/{room}/messages/batch": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Post many messages
         * @description The batch is checked whole, then posted in order: 202 when the log has all of it. After a 503 the same
         *     `Idempotency-Key` completes it.
         */
        post: operations["post_messages"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/rooms/{room}/read": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Say how far one has read
         * @description The mark only goes on: of several devices the furthest counts. Beyond the room's last message: 400.
         */
        put: operations["read_up_to"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/rooms/{room}/receipts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read how far the members of a room have read */
        get: operations["list_receipts"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Log in
         * @description Takes the username or the e-mail address. An unknown name and a wrong password are told apart by nothing. With
         *     `cookies: true` a browser keeps the session: the answer is 201 with three cookies and the token that every further request
         *     which changes something shows as `X-CSRF-Token`.
         */
        post: operations["log_in"];
        /**
         * Log out everywhere
         * @description Every session of the caller ends, this one included, on every replica within a second.
         */
        delete: operations["log_out_everywhere"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sessions/current": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Log out here
         * @description Every token of this session ends, on every replica within a second.
         */
        delete: operations["log_out"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sessions/refresh": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Get the next tokens
         * @description A refresh token is taken once. One that comes a second time ends its session, access tokens included: somebody else has
         *     it too. A browser sends `{}`, and its cookie.
         */
        post: operations["refresh"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read the profiles of several people */
        get: operations["list_users"];
        put?: never;
        /**
         * Sign up
         * @description Username and address are reserved at once; the account may be used once every step is done. With `Prefer: wait=N` the
         *     answer is 201 then, or the rejection.
         */
        post: operations["sign_up"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/users/{user}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Read a person's profile */
        get: operations["get_user"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/users/verify": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Prove an address
         * @description Takes the code that was mailed after sign-up. It is good for five minutes and five tries, once. An address that nobody
         *     has and a wrong code are told apart by nothing.
         */
        post: operations["verify"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/users/verify/resend": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send the code again
         * @description Another code is mailed, and the earlier one is void, if the address is of an account that is not verified; the answer is
         *     the same if not. Few are sent to one address.
         */
        post: operations["resend_code"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description A message's place in its room. */
        Applied: {
            /**
             * Format: date-time
             * @description When it counts as posted.
             */
            created_at: string;
            /**
             * Format: int64
             * @description The room's rev of it.
             */
            rev: number;
            /**
             * Format: int64
             * @description Its number in the room: 1, 2, 3 …
             */
            seq: number;
        };
        /** @description What was asked for. */
        Asked: {
            /**
             * Format: uuid
             * @description The event that is given up.
             */
            event_id?: string | null;
            /**
             * Format: uuid
             * @description About which key.
             */
            key: string;
        };
        /** @description A file that lies elsewhere. */
        AttachmentItem: {
            /**
             * Format: int64
             * @description Its size in bytes.
             */
            bytes: number;
            /** @description Its media type (RFC 6838). */
            media_type: string;
            /** @description Its name. */
            name: components["schemas"]["TextObject"];
            /** @description Where it can be fetched. */
            url: components["schemas"]["TextObject"];
        };
        /** @description Messages that the log has. */
        BatchAccepted: {
            /** @description Which messages, in the order of the request. */
            message_ids: string[];
            /** @description What became of each, in the same order, if the answer waited for the fold. */
            outcomes?: components["schemas"]["BatchOutcome"][] | null;
            /** @description The position that includes them all. */
            position: string;
        };
        /** @description What became of one message of a batch. */
        BatchOutcome: components["schemas"]["Applied"] | {
            /** @description Why, as a stable word. */
            reason: string;
        };
        /**
         * @description Something that happened. Its subject is shown as it is now, not as it was then: whoever has a newer version of a message
         *     (by its `rev`) keeps that.
         */
        Change: {
            /**
             * Format: uuid
             * @description The id of the event that was given up (`room.event_dropped`).
             */
            event_id?: string | null;
            member?: components["schemas"]["ChangedMember"] | null;
            message?: components["schemas"]["MessageItem"] | null;
            /**
             * Format: int64
             * @description The room's rev of it.
             */
            rev: number;
            room?: components["schemas"]["ChangedRoom"] | null;
            /**
             * @description The event's type without `chat.`: `message.posted`, `message.edited`, `message.deleted`, `message.reaction_added`,
             *     `message.reaction_removed`, `room.created`, `room.renamed`, `room.archived`, `room.member_joined` and so on; `hidden`
             *     where it is about a message that the reader may not see. Others may join.
             */
            type: string;
        };
        /** @description What somebody is to the room now. */
        ChangedMember: {
            /** @description `member`, `moderator` or `owner`. */
            role: string;
            /**
             * Format: date-time
             * @description Since when it is so.
             */
            since: string;
            /** @description `joined`, `invited`, `left` or `removed`. */
            state: string;
            /**
             * Format: uuid
             * @description Who.
             */
            user_id: string;
        };
        /** @description The room as it is now. */
        ChangedRoom: {
            /** @description Closed: it can be read, not written. */
            archived: boolean;
            /**
             * Format: int32
             * @description How many members it has.
             */
            member_count: number;
            /** @description Its name; direct rooms have none. */
            name?: string | null;
        };
        /** @description The present password and the next. */
        ChangePassword: {
            /**
             * @description The one that counts now.
             * @example correct horse battery
             */
            current_password: string;
            /**
             * @description 10 to 128 characters.
             * @example another horse battery
             */
            new_password: string;
        };
        /** @description What is to be changed of a profile; what is absent stays. */
        ChangeProfile: {
            /**
             * @description Another name to show.
             * @example The owner
             */
            display_name?: string | null;
            /**
             * @description Another language (BCP 47).
             * @example ko-KR
             */
            locale?: string | null;
        };
        /** @description A change of a room: one of its fields. */
        ChangeRoom: {
            /** @description `true` closes the room for ever. */
            archived?: boolean | null;
            /** @description Another name. */
            name?: string | null;
        };
        /** @description What happened in a room, in order. */
        ChangesPage: {
            /** @description What happened, each rev once, in order. */
            items: components["schemas"]["Change"][];
            /** @description There are further revs. */
            more: boolean;
            /**
             * Format: int64
             * @description The last rev of the answer: what to ask with next as `after_rev`.
             */
            rev: number;
            /** @description The names of those who wrote the messages and of the members, by id. */
            users: {
                [key: string]: components["schemas"]["NamesItem"];
            };
        };
        /** @description A public channel. */
        Channel: {
            /**
             * Format: date-time
             * @description When it began.
             */
            created_at: string;
            /** @description Whether the reader is a member. */
            joined: boolean;
            /**
             * Format: date-time
             * @description When its newest message was posted.
             */
            last_message_at?: string | null;
            /**
             * Format: int32
             * @description How many members it has.
             */
            member_count: number;
            /** @description Its name. */
            name: string;
            /**
             * Format: uuid
             * @description Its id.
             */
            room_id: string;
        };
        /** @description Public channels, by name. */
        ChannelsPage: {
            /** @description The channels. */
            items: components["schemas"]["Channel"][];
            /** @description There are more: `after` this cursor. */
            next?: string | null;
        };
        /** @description The proof that it is really the owner who closes an account. */
        CloseAccount: {
            /**
             * @description The account's password.
             * @example correct horse battery
             */
            password: string;
        };
        /** @description A session that a browser keeps in cookies. */
        CookieSession: {
            /** @description For the header `X-CSRF-Token` of every request that changes something; the same as in the cookie that scripts can read. */
            csrf_token: string;
            /**
             * Format: int64
             * @description Seconds until the session has to be refreshed.
             */
            expires_in: number;
        };
        /** @description A new room. */
        CreateRoom: {
            /** @enum {string} */
            history_visibility?: "all" | "since_join";
            /** @enum {string} */
            join_rule?: "open" | "invite";
            /** @enum {string} */
            kind: "direct" | "group" | "channel";
            /** @description The first members apart from the caller; for a direct room the other one. */
            members?: string[];
            /** @description A channel needs one, a direct room has none. */
            name?: string | null;
        };
        /** @description What is to be given up. */
        DropBody: {
            /**
             * Format: uuid
             * @description The first parked event, as a check; whichever stands first when absent.
             */
            event_id?: string | null;
        };
        /** @description A version of a message. */
        Edit: {
            /**
             * Format: date-time
             * @description When it began to say so.
             */
            at: string;
            /** @description What it said. */
            content: components["schemas"]["TextObject"];
            /**
             * Format: int32
             * @description 1 is what was first posted.
             */
            version: number;
        };
        /** @description Another text for a message. */
        EditMessage: {
            /**
             * @description What is said now, as Markdown: at most 8 KiB of UTF-8. `@username` mentions somebody.
             * @example Hello, everybody!
             */
            text: string;
        };
        /** @description What a message said, the present content first. */
        EditsPage: {
            /** @description The versions, newest first. */
            items: components["schemas"]["Edit"][];
            /** @description There are older versions: `after` this cursor. */
            next?: string | null;
        };
        /** @description A fact about a room that changed. */
        FactChange: {
            /** @description What it became. */
            after?: string | null;
            /** @description What it was; absent if the room was not there. */
            before?: string | null;
            /** @description Which: `name`, `join_rule`, `history_visibility`, `archived`, `member_count`, `last_seq` or `rev`. */
            fact: string;
        };
        /** @description A friend. */
        Friend: {
            /** @description The account is closed. */
            deactivated: boolean;
            /** @description Whether each has added the other. */
            mutual: boolean;
            /**
             * Format: date-time
             * @description Since when the one has added the other: the reader the friend, or, of the incoming, they the reader.
             */
            since: string;
            /**
             * Format: uuid
             * @description Who.
             */
            user_id: string;
        };
        /** @description Friends of the reader, or those who would be, in the order of their ids. */
        FriendsPage: {
            /** @description The people. */
            items: components["schemas"]["Friend"][];
            /** @description There are more: `after` this cursor. */
            next?: string | null;
            /** @description Their names, by id. */
            users: {
                [key: string]: components["schemas"]["NamesItem"];
            };
        };
        /** @description A room, and what is new in it. */
        InboxItem: {
            /** @description Closed: it can be read, not written. */
            archived: boolean;
            /** @description `direct`, `group` or `channel`. */
            kind: string;
            /**
             * Format: date-time
             * @description When the newest message was posted, or the reader came, whichever is later. The order of the inbox.
             */
            last_activity_at: string;
            last_message?: components["schemas"]["MessageItem"] | null;
            /**
             * Format: int64
             * @description The seq of its newest message, 0 before the first.
             */
            last_seq?: number | null;
            /**
             * Format: int32
             * @description How many members it has.
             */
            member_count: number;
            /** @description `joined`; or `invited`: then nothing of what is said in it is shown. */
            membership: string;
            /**
             * Format: int64
             * @description Those of them that mention the reader.
             */
            mentions: number;
            /** @description Its name; direct rooms have none. */
            name?: string | null;
            /**
             * Format: uuid
             * @description The other person of a direct room; `users` tells the name.
             */
            other_id?: string | null;
            /**
             * Format: int64
             * @description Messages up to this seq count as read: by a receipt of any device, one's own post, or from before one came.
             */
            read_seq?: number | null;
            /**
             * Format: int64
             * @description The rev of its last change: what to ask for changes with.
             */
            rev?: number | null;
            /** @description `member`, `moderator` or `owner`. */
            role: string;
            /**
             * Format: uuid
             * @description Its id.
             */
            room_id: string;
            /**
             * Format: int64
             * @description Messages after it that are not deleted.
             */
            unread: number;
        };
        /** @description Rooms of the reader, newest activity first. */
        InboxPage: {
            /** @description The rooms. */
            items: components["schemas"]["InboxItem"][];
            /** @description There are more: `after` this cursor. */
            next?: string | null;
            /** @description The names of those who wrote the last messages and of the others in direct rooms, by id. */
            users: {
                [key: string]: components["schemas"]["NamesItem"];
            };
        };
        /** @description Credentials: a username or an e-mail address, and the password. */
        LogIn: {
            /** @description Whether the session is kept in cookies (201) instead of tokens (200): for browsers. */
            cookies?: boolean;
            /**
             * @description The address, instead of the username.
             * @example owner@example.org
             */
            email?: string | null;
            /**
             * @description The password.
             * @example correct horse battery
             */
            password: string;
            /**
             * @description The username, or the address.
             * @example owner
             */
            username?: string | null;
        };
        /** @description Records of the log. */
        LogPage: {
            /**
             * @description The records. Those of one partition in its order, or in its reverse; partitions are mixed by the time at which
             *     records were written. There may be fewer than asked for, or none, and more all the same.
             */
            items: components["schemas"]["LogRecord"][];
            /** @description There may be more: `after` this cursor. */
            next?: string | null;
            /** @description Records that were looked at for this page. */
            scanned: number;
        };
        /** @description A record of the log as it stands there, whether or not anybody can read it as an event. */
        LogRecord: {
            /** @description Its value as text, where that is not JSON. */
            damaged?: string | null;
            /** @description Its headers: their text, or a list of texts where a name occurs more than once. */
            headers: {
                [key: string]: unknown;
            };
            /** @description Its key; what is not UTF-8 is replaced. */
            key?: string | null;
            /**
             * Format: int64
             * @description Its offset there.
             */
            offset: number;
            /**
             * Format: int32
             * @description Its partition.
             */
            partition: number;
            /** @description Why it cannot be read as an event: it is damaged, or of a later version. */
            problem?: string | null;
            /**
             * Format: date-time
             * @description When it was written to the log, by Kafka's clock. Not the event's time (header `ce_time`).
             */
            recorded_at?: string | null;
            /** @description Its topic. */
            topic: string;
            /** @description Its value, where that is JSON. */
            value?: unknown;
        };
        /** @description An address. */
        Mailbox: {
            /**
             * @description The account's address.
             * @example owner@example.org
             */
            email: string;
        };
        /** @description A mail. Its address is the account's, and not told here. */
        MailItem: {
            /**
             * Format: int32
             * @description Answers and silences of mail servers since it was asked for, or asked for again.
             */
            attempts: number;
            /**
             * Format: date-time
             * @description When it came to its end.
             */
            done_at?: string | null;
            /**
             * Format: date-time
             * @description When it is tried next, while it waits.
             */
            due_at?: string | null;
            /** @description In which language (BCP 47). */
            locale: string;
            /** @description Why it waits, is parked or was dropped: a stable word. */
            reason?: string | null;
            /**
             * Format: uuid
             * @description The request for it.
             */
            request_id: string;
            /**
             * Format: date-time
             * @description When it was asked for.
             */
            requested_at: string;
            /**
             * @description `waiting`, `sending`, `sent`, `parked` (not taken; an administrator may have it sent again) or `dropped` (not to be
             *     sent any more).
             */
            status: string;
            /** @description Which mail: `verify`, `reset` and so on. */
            template: string;
            /**
             * Format: uuid
             * @description Whom it is for.
             */
            user_id: string;
        };
        /** @description Mails. */
        MailPage: {
            /** @description The mails, the latest first. */
            items: components["schemas"]["MailItem"][];
            /** @description There are more: `after` this cursor. */
            next?: string | null;
        };
        /** @description What one may know of oneself. */
        Me: components["schemas"]["Profile"] & {
            /** @description What the account is: `registered`, `verified`, `suspended` or `deactivated`. */
            account_status?: string | null;
            /** @description Where mails go. */
            email?: string | null;
            /** @description The language of mails (BCP 47). */
            locale: string;
            /** @description What one may do beyond one's own account and rooms: `admin`. */
            roles: string[];
            /** @description Whether the address has been confirmed. */
            verified: boolean;
        };
        /** @description A member. */
        Member: {
            /** @description `member`, `moderator` or `owner`. */
            role: string;
            /**
             * Format: date-time
             * @description Since when.
             */
            since: string;
            /**
             * Format: uuid
             * @description Who.
             */
            user_id: string;
        };
        /** @description A command about a member. */
        MemberAccepted: {
            /** @description The position that includes it. */
            position: string;
            /**
             * Format: int64
             * @description The rev that it got, if the answer waited for the fold.
             */
            rev?: number | null;
            /**
             * Format: uuid
             * @description Which room.
             */
            room_id: string;
            /**
             * Format: uuid
             * @description Whom it is about.
             */
            user_id: string;
        };
        /** @description Somebody who had to do with a room. */
        MemberAt: {
            /** @description The role. */
            role: string;
            /**
             * Format: date-time
             * @description Since when.
             */
            since: string;
            /** @description `joined`, `invited`, `left` or `removed`. */
            state: string;
            /**
             * Format: uuid
             * @description Who.
             */
            user_id: string;
        };
        /** @description Somebody whose state or role changed. */
        MemberChange: {
            /** @description State and role after. */
            after?: string | null;
            /** @description State and role before, like `joined as member`; absent of who is new. */
            before?: string | null;
            /**
             * Format: uuid
             * @description Who.
             */
            user_id: string;
        };
        /** @description What a person is to a room. */
        Membership: {
            /**
             * Format: int64
             * @description The room's last seq when the membership began: messages after it are new to the member.
             */
            join_seq: number;
            /** @description `member`, `moderator` or `owner`. */
            role: string;
            /**
             * Format: date-time
             * @description Since when it is so.
             */
            since: string;
            /** @description `joined`, `invited`, `left` or `removed`. */
            state: string;
        };
        /** @description Members of a room, in the order of their ids. */
        MembersPage: {
            /** @description The members. */
            items: components["schemas"]["Member"][];
            /** @description There are more: `after` this cursor. */
            next?: string | null;
            /** @description Their names, by id. */
            users: {
                [key: string]: components["schemas"]["NamesItem"];
            };
        };
        /** @description A message that the log has. */
        MessageAccepted: {
            /**
             * Format: date-time
             * @description When it counts as posted, likewise.
             */
            created_at?: string | null;
            /**
             * Format: uuid
             * @description Which message.
             */
            message_id: string;
            /** @description The position that includes it. */
            position: string;
            /**
             * Format: int64
             * @description The room's rev of it, likewise.
             */
            rev?: number | null;
            /**
             * Format: int64
             * @description Its number in the room, if the answer waited for the fold.
             */
            seq?: number | null;
        };
        /** @description A message that is new or changed. */
        MessageChange: {
            after?: components["schemas"]["MessageItem"];
            before?: components["schemas"]["MessageItem"];
        };
        /** @description A command about a message. */
        MessageChangeAccepted: {
            /**
             * Format: uuid
             * @description Which message.
             */
            message_id: string;
            /** @description The position that includes it. */
            position: string;
            /**
             * Format: int64
             * @description The rev that it got, if the answer waited for the fold and something changed.
             */
            rev?: number | null;
        };
        /** @description A message. */
        MessageItem: {
            /** @description Files. */
            attachments?: components["schemas"]["AttachmentItem"][];
            /**
             * Format: uuid
             * @description Who wrote it; `users` beside the items tells the names.
             */
            author_id: string;
            /** @description The sender's own reference. */
            client_ref?: string | null;
            content?: components["schemas"]["TextObject"] | null;
            /**
             * Format: date-time
             * @description When it counts as posted; never before the room's previous message.
             */
            created_at: string;
            /** @description True once deleted: the place stays, the content is gone. */
            deleted?: boolean;
            /**
             * Format: date-time
             * @description When its present content began, if that is not the first.
             */
            edited_at?: string | null;
            /**
             * Format: int32
             * @description How often it was edited.
             */
            edits?: number;
            /**
             * Format: int64
             * @description The room's rev of the post itself, where a later change has moved `rev` on.
             */
            first_rev?: number | null;
            /** @description The people mentioned. */
            mentions?: string[];
            /**
             * Format: uuid
             * @description Its id.
             */
            message_id: string;
            /** @description The source's own time of an imported message, verbatim. */
            original_at?: string | null;
            /** @description Emoji and how many people put them there. */
            reactions?: components["schemas"]["ReactionItem"][];
            /**
             * Format: uuid
             * @description The message that it answers.
             */
            reply_to?: string | null;
            /**
             * Format: int64
             * @description The room's rev of the last change to it: of two versions of a message, the one with the higher rev is newer.
             */
            rev: number;
            /**
             * Format: uuid
             * @description Its room.
             */
            room_id: string;
            /**
             * Format: int64
             * @description Its place in the room: 1, 2, 3 … without gaps; it never changes.
             */
            seq: number;
        };
        /** @description Messages, newest first. */
        MessagesPage: {
            /** @description The messages, newest first. */
            items: components["schemas"]["MessageItem"][];
            /** @description There are older messages: `before` this cursor. */
            next?: string | null;
            /** @description There are newer messages: `after` this cursor. */
            prev?: string | null;
            /** @description Their authors, by id. */
            users: {
                [key: string]: components["schemas"]["NamesItem"];
            };
        };
        /** @description How a person is shown beside what they wrote. */
        NamesItem: {
            /** @description The name to show; null when it is not known yet, or erased. */
            display_name: string | null;
            /** @description The name to be mentioned by. */
            username?: string | null;
        };
        /** @description What became of a command. */
        Outcome: {
            /** @description What the fold said. */
            outcome: components["schemas"]["Verdict"];
            /** @description Why it was rejected: a word of the list in `docs/errors.md`. */
            reason?: string | null;
            /**
             * Format: int64
             * @description The rev that it got; absent where none are counted.
             */
            rev?: number | null;
            /**
             * Format: int64
             * @description The seq of the message that was posted.
             */
            seq?: number | null;
        };
        /** @description A parked event. What it says stands in the log, at its offset. */
        ParkedEvent: {
            /**
             * Format: uuid
             * @description Its id.
             */
            event_id: string;
            /**
             * Format: int64
             * @description And at which offset.
             */
            offset: number;
            /**
             * Format: date-time
             * @description When it was set aside.
             */
            parked_at: string;
            /**
             * Format: int32
             * @description And in which partition.
             */
            partition: number;
            /** @description Why it cannot be processed; absent of its successors. */
            reason?: string | null;
            /** @description Where it is. */
            topic: string;
            /** @description Its type, with version. */
            type: string;
        };
        /** @description The parked events of a key. */
        ParkedEvents: {
            /** @description The events, in the log's order. */
            items: components["schemas"]["ParkedEvent"][];
            /** @description There are more: `after` this cursor. */
            next?: string | null;
        };
        /** @description A key of which events are set aside. */
        ParkedKey: {
            /**
             * Format: int64
             * @description How many events wait.
             */
            events: number;
            /**
             * Format: uuid
             * @description A room, or a user.
             */
            key: string;
            /**
             * Format: int64
             * @description The offset of the first parked event.
             */
            offset: number;
            /**
             * Format: int32
             * @description And in which partition.
             */
            partition: number;
            /** @description Why the first cannot be processed; absent while it is being tried again. */
            reason?: string | null;
            /**
             * Format: date-time
             * @description Since when it is parked.
             */
            since: string;
            /** @description Where its events are. */
            topic: string;
        };
        /** @description Keys of which events are set aside. */
        ParkedPage: {
            /** @description The keys, in the order of their ids. */
            items: components["schemas"]["ParkedKey"][];
            /** @description There are more: `after` this cursor. */
            next?: string | null;
        };
        /** @description A command about a person. */
        PersonAccepted: {
            /** @description The position that includes it, if it reached the log while the answer waited. */
            position?: string | null;
            /**
             * Format: int64
             * @description The rev of the caller that it got, if the answer waited for the fold.
             */
            rev?: number | null;
            /**
             * Format: uuid
             * @description Whom it is about.
             */
            user_id: string;
        };
        /** @description Messages to post one after another. */
        PostBatch: {
            /** @description At most 500. */
            messages: components["schemas"]["PostMessage"][];
        };
        /** @description A message to post. */
        PostMessage: {
            /** @description The client's own reference, echoed wherever the message is shown. */
            client_ref?: string | null;
            /**
             * Format: uuid
             * @description The message of this room that this one answers.
             */
            reply_to?: string | null;
            /**
             * @description What is said, as Markdown: at most 8 KiB of UTF-8. `@username` mentions somebody.
             * @example Hello!
             */
            text: string;
        };
        /** @description An error (RFC 9457, `application/problem+json`). */
        Problem: {
            /** @description This occurrence of it, for people. */
            detail?: string | null;
            /** @description The field of the request that is wrong, for example `messages[3].text`. */
            field?: string | null;
            /**
             * Format: int64
             * @description The limit that the field exceeds.
             */
            limit?: number | null;
            /**
             * @description Why the fold rejected the command, or why a sign-up was rejected, as a stable word.
             * @example not_a_member
             */
            reason?: string | null;
            /** @description The request's id, as in the header `x-request-id` and in the logs. */
            request_id?: string | null;
            /**
             * Format: int32
             * @description The HTTP status.
             * @example 400
             */
            status: number;
            /**
             * @description The step of a sign-up that failed.
             * @example profile
             */
            step?: string | null;
            /** @description The kind of problem, for people. */
            title: string;
            /**
             * @description What kind of problem, as a stable name: `urn:chatlog:problem:<slug>`.
             * @example urn:chatlog:problem:limit-exceeded
             */
            type: string;
        };
        /** @description What everybody may know of a person. */
        Profile: {
            /**
             * Format: date-time
             * @description Since when they are here.
             */
            created_at: string;
            /** @description The account is closed; what they wrote stays. */
            deactivated: boolean;
            /** @description The name to show; null when erased. */
            display_name?: string | null;
            /** @description `human`, `bot` or `imported`. */
            kind: string;
            /** @description Their status line. */
            status?: string | null;
            /**
             * Format: uuid
             * @description Their id.
             */
            user_id: string;
            /** @description The name to be mentioned by; null when erased. */
            username?: string | null;
        };
        /** @description Some people. */
        Profiles: {
            /** @description Their profiles in the order asked for; whoever does not exist is missing. */
            items: components["schemas"]["Profile"][];
        };
        /** @description One complete build of the read models. */
        ProjectionGeneration: {
            /**
             * Format: date-time
             * @description When it began to be read, the last time.
             */
            activated_at?: string | null;
            /**
             * Format: int64
             * @description Its size on disk.
             */
            bytes: number;
            /**
             * Format: date-time
             * @description When it was begun.
             */
            created_at: string;
            /**
             * Format: int64
             * @description Events folded into it.
             */
            events: number;
            /**
             * Format: int32
             * @description The version of the fold that writes it.
             */
            fold_version: number;
            /**
             * Format: int32
             * @description Its number.
             */
            generation: number;
            /**
             * Format: int64
             * @description Events of the log that are not folded into it yet; absent if Kafka does not answer.
             */
            lag_events?: number | null;
            /**
             * Format: int64
             * @description Events that wait with them.
             */
            parked_events: number;
            /**
             * Format: int64
             * @description Keys of which an event could not be processed.
             */
            parked_keys: number;
            /** @description Its partitions. */
            partitions: components["schemas"]["ProjectionPartition"][];
            /**
             * @description `loading`: being filled; `building`: complete, not read yet; `active`: the one that is read; `standby`: read before,
             *     folded on.
             */
            state: string;
        };
        /** @description How far a generation is in one partition. */
        ProjectionPartition: {
            /**
             * Format: int64
             * @description Events that are not folded yet; absent if Kafka does not answer.
             */
            lag_events?: number | null;
            /**
             * Format: double
             * @description For how long the first of them has been in the log; absent where there is none, or it cannot be read now.
             */
            lag_seconds?: number | null;
            /**
             * Format: int64
             * @description The offset that the next record will get; absent if Kafka does not answer.
             */
            log_end?: number | null;
            /**
             * Format: int64
             * @description The offset that is folded next.
             */
            next_offset: number;
            /**
             * Format: int64
             * @description Events that wait with them.
             */
            parked_events: number;
            /**
             * Format: int64
             * @description Keys of which an event could not be processed.
             */
            parked_keys: number;
            /**
             * Format: int32
             * @description The partition.
             */
            partition: number;
            /** @description The topic. */
            topic: string;
        };
        /** @description The read models. */
        Projections: {
            /** @description The generations, in order. */
            generations: components["schemas"]["ProjectionGeneration"][];
            /**
             * Format: uuid
             * @description The log's id.
             */
            log_id: string;
        };
        /** @description What a member should be. */
        PutMember: {
            /** @enum {string} */
            role?: "member" | "moderator" | "owner";
        };
        /** @description A status line. */
        PutStatus: {
            /**
             * @description The line that others see; null clears it.
             * @example back at noon
             */
            status?: string | null;
        };
        /** @description How many people put an emoji on a message. */
        ReactionItem: {
            /**
             * Format: int32
             * @description How many.
             */
            count: number;
            /** @description The emoji. */
            emoji: string;
        };
        /** @description A read mark. */
        ReadAccepted: {
            /** @description The position that includes it. */
            position: string;
            /**
             * Format: uuid
             * @description Which room.
             */
            room_id: string;
            /**
             * Format: int64
             * @description As asked for; a mark that stood further on stays there.
             */
            up_to_seq: number;
        };
        /** @description How far the caller has read. */
        ReadUpTo: {
            /**
             * Format: int64
             * @description The `seq` of the last message read.
             * @example 17
             */
            up_to_seq: number;
        };
        /** @description Whether somebody rebuilds. */
        RebuildAnswer: {
            rebuild?: components["schemas"]["RebuildProgress"] | null;
        };
        /** @description How far a rebuild is, or how it ended. */
        RebuildProgress: {
            /**
             * Format: date-time
             * @description When it began, or went on.
             */
            began_at: string;
            /**
             * Format: int64
             * @description So many of them are done.
             */
            done: number;
            /**
             * Format: date-time
             * @description When it ended.
             */
            ended_at?: string | null;
            /**
             * Format: double
             * @description Seconds until the end of the phase at this rate; absent where that cannot be said.
             */
            eta_seconds?: number | null;
            /**
             * Format: int32
             * @description The generation that it builds.
             */
            generation: number;
            /**
             * Format: double
             * @description So many a second, on average over the phase.
             */
            per_second: number;
            /** @description The phase in which it is, or in which it ended. */
            phase: string;
            /**
             * Format: date-time
             * @description When the phase began.
             */
            phase_began_at: string;
            /** @description Why it failed. */
            problem?: string | null;
            /** @description `running`, `done`, `stopped`, `failed`, or `lost`: its process ended without a word. */
            state: string;
            /**
             * Format: int64
             * @description Of so many; absent where it is not known.
             */
            total?: number | null;
            /** @description What `done` and `total` count in this phase: `events`, `rows`, `indexes`. */
            unit: string;
            /**
             * Format: date-time
             * @description When it was last heard of.
             */
            updated_at: string;
        };
        /** @description How far a member has read. */
        Receipt: {
            /**
             * Format: int64
             * @description Up to this seq.
             */
            read_seq: number;
            /**
             * Format: uuid
             * @description Who.
             */
            user_id: string;
        };
        /** @description Read marks, in the order of the members' ids. */
        ReceiptsPage: {
            /** @description The marks; whoever never sent one is missing. */
            items: components["schemas"]["Receipt"][];
            /** @description There are more: `after` this cursor. */
            next?: string | null;
        };
        /** @description A refresh token. */
        Refresh: {
            /**
             * @description As it was given, once; without it, the cookie's.
             * @example GZ9x…
             */
            refresh_token?: string | null;
        };
        /** @description A sign-up. */
        RegistrationItem: {
            /**
             * Format: date-time
             * @description When it began.
             */
            created_at: string;
            /**
             * Format: date-time
             * @description When it is rejected, if nothing comes before.
             */
            deadline_at: string;
            /**
             * Format: date-time
             * @description When it was decided.
             */
            decided_at?: string | null;
            /** @description The step that failed. */
            failed_step?: string | null;
            /** @description Why it was rejected. */
            reason?: string | null;
            /**
             * Format: uuid
             * @description Its id.
             */
            registration_id: string;
            /** @description `pending`, `registered` or `rejected`. */
            status: string;
            /** @description Everybody whose part is needed, by name. */
            steps: components["schemas"]["RegistrationStepItem"][];
            /**
             * Format: uuid
             * @description The account that it is about; gone where it was rejected.
             */
            user_id: string;
        };
        /** @description Sign-ups. */
        RegistrationPage: {
            /** @description The sign-ups, the latest first. */
            items: components["schemas"]["RegistrationItem"][];
            /** @description There are more: `after` this cursor. */
            next?: string | null;
        };
        /** @description A sign-up as it stands. */
        RegistrationState: {
            /** @description The step that failed. */
            failed_step?: string | null;
            /** @description Why it was rejected: `step_failed`, `deadline`, or another word. */
            reason?: string | null;
            /**
             * @description `pending`; `registered`: the account may be used; `verified`: and its address is known to be right; `rejected`: there
             *     is no account.
             * @example registered
             */
            status: string;
            /** @description Each part of it, by name. */
            steps: components["schemas"]["StepState"][];
        };
        /** @description One part of a sign-up. */
        RegistrationStepItem: {
            /** @description Whose it is. */
            name: string;
            /** @description Why it failed. */
            reason?: string | null;
            /** @description `pending`, `done`, `failed` or `undone`. */
            status: string;
            /**
             * Format: date-time
             * @description When it was last heard of.
             */
            updated_at: string;
        };
        /** @description An address, the code that was sent to it, and the password that is to count from now on. */
        Reset: {
            /**
             * @description Six digits, as mailed.
             * @example 042137
             */
            code: string;
            /**
             * @description The account's address.
             * @example owner@example.org
             */
            email: string;
            /**
             * @description 10 to 128 characters.
             * @example correct horse battery
             */
            password: string;
        };
        /** @description A room. */
        Room: {
            /** @description Closed: it can be read, not written. */
            archived: boolean;
            /**
             * Format: date-time
             * @description When it began.
             */
            created_at: string;
            /**
             * Format: uuid
             * @description Who made it. This and what follows is for members only.
             */
            creator_id?: string | null;
            /** @description What a member sees of the time before joining: `all` or `since_join`. */
            history_visibility: string;
            /** @description How one becomes a member: `open` or `invite`. */
            join_rule: string;
            /** @description `direct`, `group` or `channel`. */
            kind: string;
            /**
             * Format: date-time
             * @description When its newest message was posted.
             */
            last_message_at?: string | null;
            /**
             * Format: int64
             * @description The seq of its newest message, 0 before the first.
             */
            last_seq?: number | null;
            /**
             * Format: int32
             * @description How many members it has.
             */
            member_count: number;
            membership?: components["schemas"]["Membership"] | null;
            /** @description Its name; direct rooms have none. */
            name?: string | null;
            /**
             * @description An event of it could not be processed, and what came after it waits: what is shown is from before. Absent otherwise;
             *     every answer about the room then has the header `Chatlog-Parked: 1`.
             */
            parked?: boolean;
            /**
             * Format: int64
             * @description The rev of its last change.
             */
            rev?: number | null;
            /**
             * Format: uuid
             * @description Its id.
             */
            room_id: string;
        };
        /** @description A command about a room. */
        RoomAccepted: {
            /** @description The position that includes it. */
            position: string;
            /**
             * Format: int64
             * @description The rev that it got, if the answer waited for the fold.
             */
            rev?: number | null;
            /**
             * Format: uuid
             * @description Which room.
             */
            room_id: string;
        };
        /** @description A room as it was. */
        RoomAt: {
            /**
             * Format: date-time
             * @description As of when.
             */
            at: string;
            /**
             * Format: int64
             * @description Events of the room that made it so.
             */
            events: number;
            /** @description Everybody who had to do with it, in the order of their ids: a thousand at most. */
            members: components["schemas"]["MemberAt"][];
            /** @description The newest messages, newest first, as members could read them then. */
            messages: components["schemas"]["MessageItem"][];
            /** @description There are more members than these. */
            more_members?: boolean;
            /** @description What it was. */
            room: components["schemas"]["RoomFacts"];
            /**
             * Format: uuid
             * @description Which room.
             */
            room_id: string;
        };
        /** @description What became of a room between two times. */
        RoomDiff: {
            /**
             * Format: date-time
             * @description The earlier time.
             */
            from: string;
            /** @description People whose state or role changed, in the order of their ids: a thousand at most. */
            members: components["schemas"]["MemberChange"][];
            /** @description Messages that are new or changed, in the order of their seq. */
            messages: components["schemas"]["MessageChange"][];
            /** @description More people changed than these. */
            more_members?: boolean;
            /** @description More messages changed than these; they have a higher seq. */
            more_messages?: boolean;
            /** @description Facts about the room that changed. */
            room: components["schemas"]["FactChange"][];
            /**
             * Format: uuid
             * @description Which room.
             */
            room_id: string;
            /**
             * Format: date-time
             * @description The later time.
             */
            to: string;
        };
        /** @description A room's own facts. */
        RoomFacts: {
            /** @description Nothing could be written any more. */
            archived: boolean;
            /** @description `all` or `since_join`. */
            history_visibility: string;
            /** @description `open` or `invite`. */
            join_rule: string;
            /** @description `direct`, `group` or `channel`. */
            kind: string;
            /**
             * Format: int64
             * @description The seq of the newest message.
             */
            last_seq: number;
            /**
             * Format: int64
             * @description Its members.
             */
            member_count: number;
            /** @description Its name. */
            name?: string | null;
            /**
             * Format: int64
             * @description Its rev.
             */
            rev: number;
        };
        /** @description What a client proves with who it is. */
        Session: {
            /** @description For the header `authorization: Bearer …`. */
            access_token: string;
            /**
             * Format: int64
             * @description Seconds until the access token does not count any more.
             */
            expires_in: number;
            /** @description To get the next pair, once, within 14 days. */
            refresh_token: string;
            /** @description Always `Bearer`. */
            token_type: string;
        };
        /** @description An account on its way. */
        SignedUp: {
            /** @description A position that includes it, if it reached the log while the answer waited. */
            position?: string | null;
            /**
             * Format: uuid
             * @description The run of the sign-up: whoever knows it may follow it at `/v1/registrations/{registration}`.
             */
            registration_id: string;
            /**
             * Format: uuid
             * @description The account.
             */
            user_id: string;
        };
        /** @description A newcomer. */
        SignUp: {
            /** @description Name to show; the username, unless given. */
            display_name?: string | null;
            /**
             * @description Where mails go; never shown to anybody.
             * @example owner@example.org
             */
            email: string;
            /**
             * @description BCP 47 language tag; `en`, unless given.
             * @example ko-KR
             */
            locale?: string | null;
            /**
             * @description 10 to 128 characters; none of those that are guessed first.
             * @example correct horse battery
             */
            password: string;
            /**
             * @description 3 to 32 letters of one script (or of scripts written together), digits, `.`, `_`, `-`; unique: neither another case
             *     nor letters that look alike make another name.
             * @example owner
             */
            username: string;
        };
        /** @description One part of a sign-up. */
        StepState: {
            /**
             * @description Whose it is.
             * @example profile
             */
            name: string;
            /** @description Why it failed, as a word of its own. */
            reason?: string | null;
            /**
             * @description `pending`, `done`, `failed` or `undone`.
             * @example done
             */
            status: string;
        };
        /**
         * @description Text that people wrote. Clients show a placeholder for `erased` and for formats they do not know.
         * @example {
         *       "format": "markdown",
         *       "text": "Good morning"
         *     }
         */
        TextObject: {
            /** @description `markdown` (CommonMark, never HTML), `plain`, `erased`, or a format of a later version. */
            format: string;
            /** @description The text, where the format has one. */
            text?: string | null;
        };
        /**
         * @description What the fold said of an event. A command that was repeated under its key has the outcome of the first.
         * @enum {string}
         */
        Verdict: "applied" | "rejected" | "duplicate" | "pending";
        /** @description An address, and the code that was sent to it. */
        Verification: {
            /**
             * @description Six digits, as mailed.
             * @example 042137
             */
            code: string;
            /**
             * @description The account's address.
             * @example owner@example.org
             */
            email: string;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    jwks: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A JSON Web Key Set */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
        };
    };
    list_events: {
        parameters: {
            query?: {
                /** @description Only events that this person caused. */
                actor?: string;
                /** @description A cursor (`next` of a page): the records after it, with the same filters and order. */
                after?: string;
                /**
                 * @description Only records written to the log at this time (RFC 3339) or later, by Kafka's clock. Not the events' own time
                 *     (`ce_time`): imported events were written when they were imported.
                 */
                from?: string;
                /** @description Only records with this key: a room, a user, a setting's name. */
                key?: string;
                /** @description Records on the page, 1 to 200; 50 when absent. */
                limit?: number;
                /**
                 * @description Only these offsets, of one partition: `1200` is that one, `1200..1300` ends before 1300, `1200..` and `..1300` have
                 *     one end.
                 * @example 1200..1300
                 */
                offset?: string;
                /**
                 * @description `newest` first (the default) or `oldest` first.
                 * @example newest
                 */
                order?: string;
                /** @description Only this partition. */
                partition?: number;
                /** @description Only records written before this time (RFC 3339), by Kafka's clock. */
                to?: string;
                /**
                 * @description Only these topics, with commas between them.
                 * @example chat.rooms,chat.users
                 */
                topic?: string;
                /**
                 * @description Only events of these types, with commas between them: `chat.message.posted.v1`, without its version, or `posted`.
                 * @example posted,edited
                 */
                type?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LogPage"];
                };
            };
            /** @description `invalid-request` or `limit-exceeded`: a parameter is wrong; `field` names it */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`: no valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: not an administrator */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `too-many-requests`: wait for `Retry-After` */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal` */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: try again */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    tail_events: {
        parameters: {
            query?: {
                /** @description Only events that this person caused. */
                actor?: string;
                /**
                 * @description Begin with what was written to the log at this time (RFC 3339), by Kafka's clock; with what is written next when
                 *     absent.
                 */
                from?: string;
                /** @description Only records with this key: a room, a user, a setting's name. */
                key?: string;
                /** @description Only this partition. */
                partition?: number;
                /**
                 * @description Only these topics, with commas between them.
                 * @example chat.rooms,chat.users
                 */
                topic?: string;
                /**
                 * @description Only events of these types, with commas between them: `chat.message.posted.v1`, without its version, or `posted`.
                 * @example posted,edited
                 */
                type?: string;
            };
            header?: {
                /** @description Go on where an earlier stream was */
                "Last-Event-ID"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A stream of server-sent events */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": string;
                };
            };
            /** @description `invalid-request` or `limit-exceeded`: a parameter is wrong; `field` names it */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`: no valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: not an administrator */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `too-many-requests`: wait for `Retry-After` */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal` */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: try again */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_mails: {
        parameters: {
            query?: {
                /** @description A cursor (`next` of a page): the items after it. */
                after?: string;
                /** @description Items on the page, 1 to 1000; 50 when absent. */
                limit?: number;
                /** @description Only those: `waiting`, `sending`, `sent`, `parked` or `dropped`. */
                status?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MailPage"];
                };
            };
            /** @description `invalid-request` or `limit-exceeded`: a parameter is wrong; `field` names it */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`: no valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: not an administrator */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `too-many-requests`: wait for `Retry-After` */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal` */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: try again */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_parked: {
        parameters: {
            query?: {
                /** @description A cursor (`next` of a page): the items after it. */
                after?: string;
                /** @description Items on the page, 1 to 1000; 50 when absent. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ParkedPage"];
                };
            };
            /** @description `invalid-request` or `limit-exceeded`: a parameter is wrong; `field` names it */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`: no valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: not an administrator */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `too-many-requests`: wait for `Retry-After` */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal` */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: try again */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_parked: {
        parameters: {
            query?: {
                /** @description A cursor (`next` of a page): the items after it. */
                after?: string;
                /** @description Items on the page, 1 to 1000; 50 when absent. */
                limit?: number;
            };
            header?: never;
            path: {
                /** @description A room, or a user */
                key: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ParkedEvents"];
                };
            };
            /** @description `invalid-request` or `limit-exceeded`: a parameter is wrong; `field` names it */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`: no valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: not an administrator */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-found`: no such thing, or none that the reader may know of */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `too-many-requests`: wait for `Retry-After` */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal` */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: try again */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    drop_parked: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description A room */
                key: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DropBody"];
            };
        };
        responses: {
            /** @description It is asked for, and done within a second if the projector runs */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Asked"];
                };
            };
            /** @description `invalid-request` or `limit-exceeded`: a parameter is wrong; `field` names it */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`: no valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: not an administrator */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-found`: no such thing, or none that the reader may know of */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `cannot-be-dropped`: another event stands first, or it is not of a room */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `too-many-requests`: wait for `Retry-After` */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal` */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: try again */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    retry_parked: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description A room, or a user */
                key: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is asked for, and done within a second if the projector runs */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Asked"];
                };
            };
            /** @description `invalid-request` or `limit-exceeded`: a parameter is wrong; `field` names it */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`: no valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: not an administrator */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-found`: no such thing, or none that the reader may know of */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `too-many-requests`: wait for `Retry-After` */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal` */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: try again */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_projections: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The generations */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Projections"];
                };
            };
            /** @description `invalid-request` or `limit-exceeded`: a parameter is wrong; `field` names it */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`: no valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: not an administrator */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `too-many-requests`: wait for `Retry-After` */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal` */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: try again */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_rebuild: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The rebuild, if there was any */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RebuildAnswer"];
                };
            };
            /** @description `invalid-request` or `limit-exceeded`: a parameter is wrong; `field` names it */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`: no valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: not an administrator */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `too-many-requests`: wait for `Retry-After` */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal` */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: try again */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_registrations: {
        parameters: {
            query?: {
                /** @description A cursor (`next` of a page): the items after it. */
                after?: string;
                /** @description Items on the page, 1 to 1000; 50 when absent. */
                limit?: number;
                /** @description Only those: `pending`, `registered` or `rejected`. */
                status?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RegistrationPage"];
                };
            };
            /** @description `invalid-request` or `limit-exceeded`: a parameter is wrong; `field` names it */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`: no valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: not an administrator */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `too-many-requests`: wait for `Retry-After` */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal` */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: try again */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_room_at: {
        parameters: {
            query?: {
                /** @description As of then (RFC 3339), by the room's own time, which never goes back; now when absent. */
                at?: string;
                /** @description Messages in the answer, the newest, 1 to 1000; 50 when absent. */
                limit?: number;
            };
            header?: never;
            path: {
                /** @description The room */
                room: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The room as it was */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RoomAt"];
                };
            };
            /** @description `invalid-request` or `limit-exceeded`: a parameter is wrong; `field` names it */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`: no valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: not an administrator */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-found`: there was no such room at that time */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `cannot-be-folded`: an event of the room cannot be read or folded; `detail` says which */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `too-many-requests`: wait for `Retry-After` */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal` */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: somebody else looks back just now, or it takes longer than a request may; try again, or use `chatlog room show` */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_room_diff: {
        parameters: {
            query: {
                /** @description The earlier time (RFC 3339). */
                from: string;
                /** @description Messages in the answer, the first that changed, 1 to 1000; 50 when absent. */
                limit?: number;
                /** @description The later time (RFC 3339); now when absent. */
                to?: string;
            };
            header?: never;
            path: {
                /** @description The room */
                room: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What became of the room */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RoomDiff"];
                };
            };
            /** @description `invalid-request` or `limit-exceeded`: a parameter is wrong; `field` names it */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`: no valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: not an administrator */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-found`: there was no such room at that time */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `cannot-be-folded`: an event of the room cannot be read or folded; `detail` says which */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `too-many-requests`: wait for `Retry-After` */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal` */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: somebody else looks back just now, or it takes longer than a request may; try again, or use `chatlog room show` */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_channels: {
        parameters: {
            query?: {
                /** @description A cursor (`next` of a page): the items after it. */
                after?: string;
                /** @description A position: the answer includes what it stands for, or is 503 `behind`. */
                at_least?: string;
                /** @description Items on the page, 1 to 1000; 50 when absent. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page */
            200: {
                headers: {
                    /** @description For `If-None-Match` */
                    ETag?: string;
                    /** @description `next` as a link (RFC 8288) */
                    Link?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChannelsPage"];
                };
            };
            /** @description The answer is what `If-None-Match` names */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `invalid-request`, `limit-exceeded` or `beyond-end`: a parameter is wrong; `field` names it */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`: no valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `other-log`: the position is of another log */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `too-many-requests`: wait for `Retry-After` */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal` */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `behind`: the read models have not reached the position, or are too far behind to refuse something; `parked`: what would refuse it waits for an administrator; `unavailable`: try again */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_friends: {
        parameters: {
            query?: {
                /** @description A cursor (`next` of a page): what comes after it. */
                after?: string;
                /** @description A position: the answer includes what it stands for, or is 503 `behind`. */
                at_least?: string;
                /** @description `true`: those who have added the reader and whom the reader has not added. */
                incoming?: boolean;
                /** @description Items on a page, 1 to 1000; 50 when absent. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page */
            200: {
                headers: {
                    /** @description For `If-None-Match` */
                    ETag?: string;
                    /** @description `next` as a link (RFC 8288) */
                    Link?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FriendsPage"];
                };
            };
            /** @description The answer is what `If-None-Match` names */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `invalid-request`, `limit-exceeded` or `beyond-end`: a parameter is wrong; `field` names it */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`: no valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `other-log`: the position is of another log */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `too-many-requests`: wait for `Retry-After` */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal` */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `behind`: the read models have not reached the position, or are too far behind to refuse something; `parked`: what would refuse it waits for an administrator; `unavailable`: try again */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    add_friend: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repetition the same command */
                "Idempotency-Key"?: string | null;
                /** @description `wait=N`: seconds to wait for the fold */
                Prefer?: string | null;
            };
            path: {
                /** @description Whom it is about */
                user: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done (`Prefer: wait`) */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PersonAccepted"];
                };
            };
            /** @description It is kept, and on its way; or it was so already */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PersonAccepted"];
                };
            };
            /** @description `invalid-request` or `limit-exceeded`; names the parameter */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`; or `invalid-credentials`, where a password is asked for */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `csrf-refused`: a session in cookies without its `X-CSRF-Token`, or from a page of another origin */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-found`: there is no such person */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `in-progress`: an earlier request under this key has not been answered yet */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rejected`: nobody is their own friend; `limit-exceeded`: the list is full; or `idempotency-key-reused` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `too-many-requests`: `Retry-After` and `RateLimit` say when and how many */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `behind`, `unavailable` or `unknown-outcome`: try again, with the same `Idempotency-Key` */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    remove_friend: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repetition the same command */
                "Idempotency-Key"?: string | null;
                /** @description `wait=N`: seconds to wait for the fold */
                Prefer?: string | null;
            };
            path: {
                /** @description Whom it is about */
                user: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done (`Prefer: wait`) */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PersonAccepted"];
                };
            };
            /** @description It is kept, and on its way; or it was so already */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PersonAccepted"];
                };
            };
            /** @description `invalid-request` or `limit-exceeded`; names the parameter */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`; or `invalid-credentials`, where a password is asked for */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `csrf-refused`: a session in cookies without its `X-CSRF-Token`, or from a page of another origin */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `in-progress`: an earlier request under this key has not been answered yet */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `idempotency-key-reused`: the key came with another body before; or `rejected`: the fold does not count it, for the `reason` given */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `too-many-requests`: `Retry-After` and `RateLimit` say when and how many */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `behind`, `unavailable` or `unknown-outcome`: try again, with the same `Idempotency-Key` */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_inbox: {
        parameters: {
            query?: {
                /** @description A cursor (`next` of a page): the items after it. */
                after?: string;
                /** @description A position: the answer includes what it stands for, or is 503 `behind`. */
                at_least?: string;
                /** @description Items on the page, 1 to 1000; 50 when absent. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page */
            200: {
                headers: {
                    /** @description For `If-None-Match` */
                    ETag?: string;
                    /** @description `next` as a link (RFC 8288) */
                    Link?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["InboxPage"];
                };
            };
            /** @description The answer is what `If-None-Match` names */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `invalid-request`, `limit-exceeded` or `beyond-end`: a parameter is wrong; `field` names it */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`: no valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `other-log`: the position is of another log */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `too-many-requests`: wait for `Retry-After` */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal` */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `behind`: the read models have not reached the position, or are too far behind to refuse something; `parked`: what would refuse it waits for an administrator; `unavailable`: try again */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_me: {
        parameters: {
            query?: {
                /** @description A position: the answer includes what it stands for, or is 503 `behind`. */
                at_least?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The profile */
            200: {
                headers: {
                    /** @description For `If-None-Match` */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Me"];
                };
            };
            /** @description The answer is what `If-None-Match` names */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `invalid-request`, `limit-exceeded` or `beyond-end`: a parameter is wrong; `field` names it */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`: no valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `other-log`: the position is of another log */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `too-many-requests`: wait for `Retry-After` */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal` */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `behind`: the read models have not reached the position, or are too far behind to refuse something; `parked`: what would refuse it waits for an administrator; `unavailable`: try again */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    close_account: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repetition the same command */
                "Idempotency-Key"?: string | null;
                /** @description `wait=N`: seconds to wait for the fold */
                Prefer?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CloseAccount"];
            };
        };
        responses: {
            /** @description The account is closed, and the profile shows it (`Prefer: wait`) */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PersonAccepted"];
                };
            };
            /** @description The account is closed; the profile shows it soon */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PersonAccepted"];
                };
            };
            /** @description `invalid-request` or `limit-exceeded`; names the field */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`; or `invalid-credentials`: the password is wrong */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `csrf-refused`: a session in cookies without its `X-CSRF-Token`, or from a page of another origin */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `in-progress`: an earlier request under this key has not been answered yet */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `payload-too-large` */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unsupported-media-type` */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `idempotency-key-reused`: the key came with another body before; or `rejected`: the fold does not count it, for the `reason` given */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `too-many-requests`: `Retry-After` and `RateLimit` say when and how many */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `behind`, `unavailable` or `unknown-outcome`: try again, with the same `Idempotency-Key` */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    change_profile: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repetition the same command */
                "Idempotency-Key"?: string | null;
                /** @description `wait=N`: seconds to wait for the fold */
                Prefer?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ChangeProfile"];
            };
        };
        responses: {
            /** @description It can be read (`Prefer: wait`) */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PersonAccepted"];
                };
            };
            /** @description It is kept, and on its way */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PersonAccepted"];
                };
            };
            /** @description `invalid-request` or `limit-exceeded`; names the field */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`; or `invalid-credentials`, where a password is asked for */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `csrf-refused`: a session in cookies without its `X-CSRF-Token`, or from a page of another origin */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `in-progress`: an earlier request under this key has not been answered yet */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `payload-too-large` */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unsupported-media-type` */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `idempotency-key-reused`: the key came with another body before; or `rejected`: the fold does not count it, for the `reason` given */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `too-many-requests`: `Retry-After` and `RateLimit` say when and how many */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `behind`, `unavailable` or `unknown-outcome`: try again, with the same `Idempotency-Key` */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    change_password: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ChangePassword"];
            };
        };
        responses: {
            /** @description Changed, and logged out everywhere */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `invalid-request` or `limit-exceeded`; names the field */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`; or `invalid-credentials`, where a password is asked for */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `csrf-refused`: a session in cookies without its `X-CSRF-Token`, or from a page of another origin */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `payload-too-large` */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unsupported-media-type` */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `too-many-requests`: `Retry-After` and `RateLimit` say when and how many */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `behind`, `unavailable` or `unknown-outcome`: try again, with the same `Idempotency-Key` */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    put_status: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repetition the same command */
                "Idempotency-Key"?: string | null;
                /** @description `wait=N`: seconds to wait for the fold */
                Prefer?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PutStatus"];
            };
        };
        responses: {
            /** @description It can be read (`Prefer: wait`) */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PersonAccepted"];
                };
            };
            /** @description It is kept, and on its way */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PersonAccepted"];
                };
            };
            /** @description `invalid-request` or `limit-exceeded`; names the field */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`; or `invalid-credentials`, where a password is asked for */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `csrf-refused`: a session in cookies without its `X-CSRF-Token`, or from a page of another origin */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `in-progress`: an earlier request under this key has not been answered yet */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `payload-too-large` */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unsupported-media-type` */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `idempotency-key-reused`: the key came with another body before; or `rejected`: the fold does not count it, for the `reason` given */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `too-many-requests`: `Retry-After` and `RateLimit` say when and how many */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `behind`, `unavailable` or `unknown-outcome`: try again, with the same `Idempotency-Key` */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_outcome: {
        parameters: {
            query: {
                /** @description The position that the command was answered with. */
                position: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The outcome */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Outcome"];
                };
            };
            /** @description `invalid-request`, `limit-exceeded` or `beyond-end`: a parameter is wrong; `field` names it */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`: no valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-found`: no such thing, or none that the reader may know of */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `other-log`: the position is of another log */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `too-many-requests`: wait for `Retry-After` */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal` */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `behind`: the read models have not reached the position, or are too far behind to refuse something; `parked`: what would refuse it waits for an administrator; `unavailable`: try again */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    forgot_password: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Mailbox"];
            };
        };
        responses: {
            /** @description If there is such an account, a mail is on its way */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `invalid-request` or `limit-exceeded`; names the field */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `payload-too-large` */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unsupported-media-type` */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `too-many-requests`: `Retry-After` and `RateLimit` say when and how many */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `behind`, `unavailable` or `unknown-outcome`: try again, with the same `Idempotency-Key` */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    reset_password: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Reset"];
            };
        };
        responses: {
            /** @description The password counts from now on */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `invalid-request` or `limit-exceeded`; names the field */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `payload-too-large` */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unsupported-media-type` */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid-code`: the same for every reason */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `too-many-requests`: `Retry-After` and `RateLimit` say when and how many */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `behind`, `unavailable` or `unknown-outcome`: try again, with the same `Idempotency-Key` */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_registration: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The sign-up */
                registration: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description How it stands */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RegistrationState"];
                };
            };
            /** @description `invalid-request` or `limit-exceeded`; names the parameter */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-found`: no such sign-up */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `too-many-requests`: `Retry-After` and `RateLimit` say when and how many */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `behind`, `unavailable` or `unknown-outcome`: try again, with the same `Idempotency-Key` */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    follow_registration: {
        parameters: {
            query?: never;
            header?: {
                /** @description The id of the last event that the client has */
                "Last-Event-ID"?: number | null;
            };
            path: {
                /** @description The sign-up */
                registration: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The stream */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": string;
                };
            };
            /** @description The client knows how it ended */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `invalid-request` or `limit-exceeded`; names the parameter */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-found`: no such sign-up */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `too-many-requests`: `Retry-After` and `RateLimit` say when and how many */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `behind`, `unavailable` or `unknown-outcome`: try again, with the same `Idempotency-Key` */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    create_room: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repetition the same command */
                "Idempotency-Key"?: string | null;
                /** @description `wait=N`: seconds to wait for the fold */
                Prefer?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateRoom"];
            };
        };
        responses: {
            /** @description The room was there already (`Prefer: wait`) */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RoomAccepted"];
                };
            };
            /** @description The room is there (`Prefer: wait`) */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RoomAccepted"];
                };
            };
            /** @description The log has it */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RoomAccepted"];
                };
            };
            /** @description `invalid-request` or `limit-exceeded`; names the field */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`; or `invalid-credentials`, where a password is asked for */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `csrf-refused`: a session in cookies without its `X-CSRF-Token`, or from a page of another origin */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `in-progress`: an earlier request under this key has not been answered yet */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `payload-too-large` */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unsupported-media-type` */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `idempotency-key-reused`: the key came with another body before; or `rejected`: the fold does not count it, for the `reason` given */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `too-many-requests`: `Retry-After` and `RateLimit` say when and how many */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `behind`, `unavailable` or `unknown-outcome`: try again, with the same `Idempotency-Key` */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_room: {
        parameters: {
            query?: {
                /** @description A position: the answer includes what it stands for, or is 503 `behind`. */
                at_least?: string;
            };
            header?: never;
            path: {
                /** @description The room */
                room: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The room */
            200: {
                headers: {
                    /** @description `1` where events of the room wait; on every answer about it */
                    "Chatlog-Parked"?: string;
                    /** @description For `If-None-Match` */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Room"];
                };
            };
            /** @description The answer is what `If-None-Match` names */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `invalid-request`, `limit-exceeded` or `beyond-end`: a parameter is wrong; `field` names it */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`: no valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-found`: no such thing, or none that the reader may know of */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `other-log`: the position is of another log */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `too-many-requests`: wait for `Retry-After` */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal` */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `behind`: the read models have not reached the position, or are too far behind to refuse something; `parked`: what would refuse it waits for an administrator; `unavailable`: try again */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    change_room: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repetition the same command */
                "Idempotency-Key"?: string | null;
                /** @description `wait=N`: seconds to wait for the fold */
                Prefer?: string | null;
            };
            path: {
                /** @description Which room */
                room: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ChangeRoom"];
            };
        };
        responses: {
            /** @description It is done (`Prefer: wait`) */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RoomAccepted"];
                };
            };
            /** @description The log has it */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RoomAccepted"];
                };
            };
            /** @description `invalid-request` or `limit-exceeded`; names the field */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`; or `invalid-credentials`, where a password is asked for */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: the caller's role does not allow it; or `csrf-refused`: a session in cookies without its `X-CSRF-Token` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-found`: no such room or message, or none that the caller may know of */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `in-progress`: an earlier request under this key has not been answered yet */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `payload-too-large` */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unsupported-media-type` */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `idempotency-key-reused`: the key came with another body before; or `rejected`: the fold does not count it, for the `reason` given */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `too-many-requests`: `Retry-After` and `RateLimit` say when and how many */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `behind`, `unavailable` or `unknown-outcome`: try again, with the same `Idempotency-Key` */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_changes: {
        parameters: {
            query?: {
                /** @description The last rev that the reader knows of; 0 when absent. */
                after_rev?: number;
                /** @description A position: the answer includes what it stands for, or is 503 `behind`. */
                at_least?: string;
                /** @description Revs in the answer, 1 to 1000; 50 when absent. */
                limit?: number;
            };
            header?: never;
            path: {
                /** @description The room */
                room: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What happened */
            200: {
                headers: {
                    /** @description For `If-None-Match` */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChangesPage"];
                };
            };
            /** @description The answer is what `If-None-Match` names */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `invalid-request`, `limit-exceeded` or `beyond-end`: a parameter is wrong; `field` names it */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`: no valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: not a member of this public channel */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-found`: no such room, or none that the reader may know of */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `other-log`: the position is of another log */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `too-many-requests`: wait for `Retry-After` */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal` */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `behind`: the read models have not reached the position, or are too far behind to refuse something; `parked`: what would refuse it waits for an administrator; `unavailable`: try again */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_members: {
        parameters: {
            query?: {
                /** @description A cursor (`next` of a page): the items after it. */
                after?: string;
                /** @description A position: the answer includes what it stands for, or is 503 `behind`. */
                at_least?: string;
                /** @description Items on the page, 1 to 1000; 50 when absent. */
                limit?: number;
            };
            header?: never;
            path: {
                /** @description The room */
                room: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page */
            200: {
                headers: {
                    /** @description For `If-None-Match` */
                    ETag?: string;
                    /** @description `next` as a link (RFC 8288) */
                    Link?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MembersPage"];
                };
            };
            /** @description The answer is what `If-None-Match` names */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `invalid-request`, `limit-exceeded` or `beyond-end`: a parameter is wrong; `field` names it */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`: no valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: not a member of this public channel */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-found`: no such room, or none that the reader may know of */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `other-log`: the position is of another log */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `too-many-requests`: wait for `Retry-After` */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal` */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `behind`: the read models have not reached the position, or are too far behind to refuse something; `parked`: what would refuse it waits for an administrator; `unavailable`: try again */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    put_member: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repetition the same command */
                "Idempotency-Key"?: string | null;
                /** @description `wait=N`: seconds to wait for the fold */
                Prefer?: string | null;
            };
            path: {
                /** @description Which room */
                room: string;
                /** @description Whom it is about */
                user: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["PutMember"] | null;
            };
        };
        responses: {
            /** @description It is done (`Prefer: wait`) */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MemberAccepted"];
                };
            };
            /** @description The log has it, or it was so already */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MemberAccepted"];
                };
            };
            /** @description `invalid-request` or `limit-exceeded`; names the field */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`; or `invalid-credentials`, where a password is asked for */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: the caller's role does not allow it; or `csrf-refused`: a session in cookies without its `X-CSRF-Token` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-found`: no such room or message, or none that the caller may know of */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `in-progress`: an earlier request under this key has not been answered yet */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `payload-too-large` */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unsupported-media-type` */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `idempotency-key-reused`: the key came with another body before; or `rejected`: the fold does not count it, for the `reason` given */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `too-many-requests`: `Retry-After` and `RateLimit` say when and how many */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `behind`, `unavailable` or `unknown-outcome`: try again, with the same `Idempotency-Key` */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    remove_member: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repetition the same command */
                "Idempotency-Key"?: string | null;
                /** @description `wait=N`: seconds to wait for the fold */
                Prefer?: string | null;
            };
            path: {
                /** @description Which room */
                room: string;
                /** @description Whom it is about */
                user: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done (`Prefer: wait`) */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MemberAccepted"];
                };
            };
            /** @description The log has it */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MemberAccepted"];
                };
            };
            /** @description `invalid-request` or `limit-exceeded`; names the parameter */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`; or `invalid-credentials`, where a password is asked for */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: the caller's role does not allow it; or `csrf-refused`: a session in cookies without its `X-CSRF-Token` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-found`: no such room or message, or none that the caller may know of */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `in-progress`: an earlier request under this key has not been answered yet */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `idempotency-key-reused`: the key came with another body before; or `rejected`: the fold does not count it, for the `reason` given */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `too-many-requests`: `Retry-After` and `RateLimit` say when and how many */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `behind`, `unavailable` or `unknown-outcome`: try again, with the same `Idempotency-Key` */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_messages: {
        parameters: {
            query?: {
                /** @description A cursor (`prev` of a page): the messages next to it, newer than it. */
                after?: string;
                /** @description A message's id: the page with this message in its middle. */
                around?: string;
                /** @description A position: the answer includes what it stands for, or is 503 `behind`. */
                at_least?: string;
                /** @description A cursor (`next` of a page): the messages next to it, older than it. */
                before?: string;
                /** @description Only messages created at this time (RFC 3339) or later. */
                from?: string;
                /** @description Messages on the page, 1 to 1000; 50 when absent. */
                limit?: number;
                /** @description Only messages created before this time (RFC 3339). */
                to?: string;
            };
            header?: never;
            path: {
                /** @description The room */
                room: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page, or the whole room */
            200: {
                headers: {
                    /** @description For `If-None-Match`; pages only */
                    ETag?: string;
                    /** @description `next` and `prev` as links (RFC 8288) */
                    Link?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MessagesPage"];
                    "application/x-ndjson": string;
                };
            };
            /** @description The answer is what `If-None-Match` names */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `invalid-request`, `limit-exceeded` or `beyond-end`: a parameter is wrong; `field` names it */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`: no valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: not a member of this public channel */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-found`: no such room, or none that the reader may know of */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `other-log`: the position is of another log */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `too-many-requests`: wait for `Retry-After` */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal` */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `behind`: the read models have not reached the position, or are too far behind to refuse something; `parked`: what would refuse it waits for an administrator; `unavailable`: try again */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    post_message: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repetition the same command */
                "Idempotency-Key"?: string | null;
                /** @description `wait=N`: seconds to wait for the fold */
                Prefer?: string | null;
            };
            path: {
                /** @description Which room */
                room: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PostMessage"];
            };
        };
        responses: {
            /** @description It is in the room (`Prefer: wait`) */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MessageAccepted"];
                };
            };
            /** @description The log has it */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MessageAccepted"];
                };
            };
            /** @description `invalid-request` or `limit-exceeded`; names the field */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`; or `invalid-credentials`, where a password is asked for */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: the caller's role does not allow it; or `csrf-refused`: a session in cookies without its `X-CSRF-Token` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-found`: no such room or message, or none that the caller may know of */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `in-progress`: an earlier request under this key has not been answered yet */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `payload-too-large` */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unsupported-media-type` */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `idempotency-key-reused`: the key came with another body before; or `rejected`: the fold does not count it, for the `reason` given */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `too-many-requests`: `Retry-After` and `RateLimit` say when and how many */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `behind`, `unavailable` or `unknown-outcome`: try again, with the same `Idempotency-Key` */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_message: {
        parameters: {
            query?: {
                /** @description A position: the answer includes what it stands for, or is 503 `behind`. */
                at_least?: string;
            };
            header?: never;
            path: {
                /** @description The message */
                id: string;
                /** @description The room */
                room: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The message */
            200: {
                headers: {
                    /** @description For `If-None-Match` */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MessageItem"];
                };
            };
            /** @description The answer is what `If-None-Match` names */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `invalid-request`, `limit-exceeded` or `beyond-end`: a parameter is wrong; `field` names it */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`: no valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: not a member of this public channel */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-found`: no such room, or none that the reader may know of */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `other-log`: the position is of another log */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `too-many-requests`: wait for `Retry-After` */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal` */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `behind`: the read models have not reached the position, or are too far behind to refuse something; `parked`: what would refuse it waits for an administrator; `unavailable`: try again */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    delete_message: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repetition the same command */
                "Idempotency-Key"?: string | null;
                /** @description `wait=N`: seconds to wait for the fold */
                Prefer?: string | null;
            };
            path: {
                /** @description Which message */
                id: string;
                /** @description Which room */
                room: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done (`Prefer: wait`) */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MessageChangeAccepted"];
                };
            };
            /** @description The log has it, or it was deleted already */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MessageChangeAccepted"];
                };
            };
            /** @description `invalid-request` or `limit-exceeded`; names the parameter */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`; or `invalid-credentials`, where a password is asked for */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: the caller's role does not allow it; or `csrf-refused`: a session in cookies without its `X-CSRF-Token` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-found`: no such room or message, or none that the caller may know of */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `in-progress`: an earlier request under this key has not been answered yet */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `idempotency-key-reused`: the key came with another body before; or `rejected`: the fold does not count it, for the `reason` given */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `too-many-requests`: `Retry-After` and `RateLimit` say when and how many */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `behind`, `unavailable` or `unknown-outcome`: try again, with the same `Idempotency-Key` */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    edit_message: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repetition the same command */
                "Idempotency-Key"?: string | null;
                /** @description `wait=N`: seconds to wait for the fold */
                Prefer?: string | null;
            };
            path: {
                /** @description Which message */
                id: string;
                /** @description Which room */
                room: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EditMessage"];
            };
        };
        responses: {
            /** @description It is done (`Prefer: wait`) */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MessageChangeAccepted"];
                };
            };
            /** @description The log has it, or it said so already */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MessageChangeAccepted"];
                };
            };
            /** @description `invalid-request` or `limit-exceeded`; names the field */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`; or `invalid-credentials`, where a password is asked for */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: the caller's role does not allow it; or `csrf-refused`: a session in cookies without its `X-CSRF-Token` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-found`: no such room or message, or none that the caller may know of */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `in-progress`: an earlier request under this key has not been answered yet */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `payload-too-large` */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unsupported-media-type` */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `idempotency-key-reused`: the key came with another body before; or `rejected`: the fold does not count it, for the `reason` given */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `too-many-requests`: `Retry-After` and `RateLimit` say when and how many */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `behind`, `unavailable` or `unknown-outcome`: try again, with the same `Idempotency-Key` */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_edits: {
        parameters: {
            query?: {
                /** @description A cursor (`next` of a page): the items after it. */
                after?: string;
                /** @description A position: the answer includes what it stands for, or is 503 `behind`. */
                at_least?: string;
                /** @description Items on the page, 1 to 1000; 50 when absent. */
                limit?: number;
            };
            header?: never;
            path: {
                /** @description The message */
                id: string;
                /** @description The room */
                room: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page */
            200: {
                headers: {
                    /** @description For `If-None-Match` */
                    ETag?: string;
                    /** @description `next` as a link (RFC 8288) */
                    Link?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EditsPage"];
                };
            };
            /** @description The answer is what `If-None-Match` names */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `invalid-request`, `limit-exceeded` or `beyond-end`: a parameter is wrong; `field` names it */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`: no valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: not a member of this public channel */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-found`: no such room, or none that the reader may know of */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `other-log`: the position is of another log */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `too-many-requests`: wait for `Retry-After` */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal` */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `behind`: the read models have not reached the position, or are too far behind to refuse something; `parked`: what would refuse it waits for an administrator; `unavailable`: try again */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    react: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repetition the same command */
                "Idempotency-Key"?: string | null;
                /** @description `wait=N`: seconds to wait for the fold */
                Prefer?: string | null;
            };
            path: {
                /** @description At most 64 bytes of UTF-8, percent-encoded */
                emoji: string;
                /** @description Which message */
                id: string;
                /** @description Which room */
                room: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done (`Prefer: wait`) */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MessageChangeAccepted"];
                };
            };
            /** @description The log has it, or it was there already */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MessageChangeAccepted"];
                };
            };
            /** @description `invalid-request` or `limit-exceeded`; names the parameter */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`; or `invalid-credentials`, where a password is asked for */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: the caller's role does not allow it; or `csrf-refused`: a session in cookies without its `X-CSRF-Token` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-found`: no such room or message, or none that the caller may know of */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `in-progress`: an earlier request under this key has not been answered yet */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `idempotency-key-reused`: the key came with another body before; or `rejected`: the fold does not count it, for the `reason` given */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `too-many-requests`: `Retry-After` and `RateLimit` say when and how many */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `behind`, `unavailable` or `unknown-outcome`: try again, with the same `Idempotency-Key` */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    take_reaction_back: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repetition the same command */
                "Idempotency-Key"?: string | null;
                /** @description `wait=N`: seconds to wait for the fold */
                Prefer?: string | null;
            };
            path: {
                /** @description At most 64 bytes of UTF-8, percent-encoded */
                emoji: string;
                /** @description Which message */
                id: string;
                /** @description Which room */
                room: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done (`Prefer: wait`) */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MessageChangeAccepted"];
                };
            };
            /** @description The log has it, or it was not there */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MessageChangeAccepted"];
                };
            };
            /** @description `invalid-request` or `limit-exceeded`; names the parameter */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`; or `invalid-credentials`, where a password is asked for */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: the caller's role does not allow it; or `csrf-refused`: a session in cookies without its `X-CSRF-Token` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-found`: no such room or message, or none that the caller may know of */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `in-progress`: an earlier request under this key has not been answered yet */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `idempotency-key-reused`: the key came with another body before; or `rejected`: the fold does not count it, for the `reason` given */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `too-many-requests`: `Retry-After` and `RateLimit` say when and how many */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `behind`, `unavailable` or `unknown-outcome`: try again, with the same `Idempotency-Key` */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_replies: {
        parameters: {
            query?: {
                /** @description A cursor (`prev` of a page): the replies next to it, newer than it. */
                after?: string;
                /** @description A position: the answer includes what it stands for, or is 503 `behind`. */
                at_least?: string;
                /** @description A cursor (`next` of a page): the replies next to it, older than it. */
                before?: string;
                /** @description Messages on the page, 1 to 1000; 50 when absent. */
                limit?: number;
            };
            header?: never;
            path: {
                /** @description The message */
                id: string;
                /** @description The room */
                room: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page */
            200: {
                headers: {
                    /** @description For `If-None-Match` */
                    ETag?: string;
                    /** @description `next` and `prev` as links (RFC 8288) */
                    Link?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MessagesPage"];
                };
            };
            /** @description The answer is what `If-None-Match` names */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `invalid-request`, `limit-exceeded` or `beyond-end`: a parameter is wrong; `field` names it */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`: no valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: not a member of this public channel */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-found`: no such room, or none that the reader may know of */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `other-log`: the position is of another log */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `too-many-requests`: wait for `Retry-After` */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal` */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `behind`: the read models have not reached the position, or are too far behind to refuse something; `parked`: what would refuse it waits for an administrator; `unavailable`: try again */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    post_messages: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repetition the same command */
                "Idempotency-Key"?: string | null;
                /** @description `wait=N`: seconds to wait for the fold */
                Prefer?: string | null;
            };
            path: {
                /** @description Which room */
                room: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PostBatch"];
            };
        };
        responses: {
            /** @description The fold has all of them (`Prefer: wait`) */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BatchAccepted"];
                };
            };
            /** @description The log has all of them */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BatchAccepted"];
                };
            };
            /** @description `invalid-request` or `limit-exceeded`; names the field */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`; or `invalid-credentials`, where a password is asked for */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: the caller's role does not allow it; or `csrf-refused`: a session in cookies without its `X-CSRF-Token` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-found`: no such room or message, or none that the caller may know of */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `in-progress`: an earlier request under this key has not been answered yet */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `payload-too-large` */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unsupported-media-type` */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `idempotency-key-reused`: the key came with another body before; or `rejected`: the fold does not count it, for the `reason` given */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `too-many-requests`: `Retry-After` and `RateLimit` say when and how many */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `behind`, `unavailable` or `unknown-outcome`: try again, with the same `Idempotency-Key` */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    read_up_to: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repetition the same command */
                "Idempotency-Key"?: string | null;
                /** @description `wait=N`: seconds to wait for the fold */
                Prefer?: string | null;
            };
            path: {
                /** @description Which room */
                room: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReadUpTo"];
            };
        };
        responses: {
            /** @description Inboxes show it (`Prefer: wait`) */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReadAccepted"];
                };
            };
            /** @description The log has it, or it was so already */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReadAccepted"];
                };
            };
            /** @description `invalid-request` or `limit-exceeded`; names the field */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`; or `invalid-credentials`, where a password is asked for */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: the caller's role does not allow it; or `csrf-refused`: a session in cookies without its `X-CSRF-Token` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-found`: no such room or message, or none that the caller may know of */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `in-progress`: an earlier request under this key has not been answered yet */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `payload-too-large` */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unsupported-media-type` */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `idempotency-key-reused`: the key came with another body before; or `rejected`: the fold does not count it, for the `reason` given */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `too-many-requests`: `Retry-After` and `RateLimit` say when and how many */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `behind`, `unavailable` or `unknown-outcome`: try again, with the same `Idempotency-Key` */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_receipts: {
        parameters: {
            query?: {
                /** @description A cursor (`next` of a page): the items after it. */
                after?: string;
                /** @description A position: the answer includes what it stands for, or is 503 `behind`. */
                at_least?: string;
                /** @description Items on the page, 1 to 1000; 50 when absent. */
                limit?: number;
            };
            header?: never;
            path: {
                /** @description The room */
                room: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page */
            200: {
                headers: {
                    /** @description For `If-None-Match` */
                    ETag?: string;
                    /** @description `next` as a link (RFC 8288) */
                    Link?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReceiptsPage"];
                };
            };
            /** @description The answer is what `If-None-Match` names */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `invalid-request`, `limit-exceeded` or `beyond-end`: a parameter is wrong; `field` names it */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`: no valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: not a member of this public channel */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-found`: no such room, or none that the reader may know of */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `other-log`: the position is of another log */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `too-many-requests`: wait for `Retry-After` */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal` */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `behind`: the read models have not reached the position, or are too far behind to refuse something; `parked`: what would refuse it waits for an administrator; `unavailable`: try again */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    log_in: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LogIn"];
            };
        };
        responses: {
            /** @description Logged in */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Session"];
                };
            };
            /** @description Logged in; the session is in cookies */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CookieSession"];
                };
            };
            /** @description `invalid-request` or `limit-exceeded`; names the field */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid-credentials`: the same for every reason */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-verified`: the credentials are right, but the address is not proved yet */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `payload-too-large` */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unsupported-media-type` */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `too-many-requests`: `Retry-After` and `RateLimit` say when and how many */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `behind`, `unavailable` or `unknown-outcome`: try again, with the same `Idempotency-Key` */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    log_out_everywhere: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Logged out everywhere */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `unauthorized`; or `invalid-credentials`, where a password is asked for */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `csrf-refused`: a session in cookies without its `X-CSRF-Token`, or from a page of another origin */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `too-many-requests`: `Retry-After` and `RateLimit` say when and how many */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: try again */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    log_out: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Logged out */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `unauthorized`; or `invalid-credentials`, where a password is asked for */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `csrf-refused`: a session in cookies without its `X-CSRF-Token`, or from a page of another origin */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `too-many-requests`: `Retry-After` and `RateLimit` say when and how many */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: try again */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    refresh: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Refresh"];
            };
        };
        responses: {
            /** @description The next tokens */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Session"];
                };
            };
            /** @description The next tokens are in cookies */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CookieSession"];
                };
            };
            /** @description `invalid-request` or `limit-exceeded`; names the field */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid-credentials`: the same for every reason */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `csrf-refused`: cookies are asked for by a page of another origin */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `payload-too-large` */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unsupported-media-type` */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `too-many-requests`: `Retry-After` and `RateLimit` say when and how many */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `behind`, `unavailable` or `unknown-outcome`: try again, with the same `Idempotency-Key` */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_users: {
        parameters: {
            query: {
                /** @description A position: the answer includes what it stands for, or is 503 `behind`. */
                at_least?: string;
                /** @description Ids with commas between them, at most 100. */
                ids: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The profiles */
            200: {
                headers: {
                    /** @description For `If-None-Match` */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Profiles"];
                };
            };
            /** @description The answer is what `If-None-Match` names */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `invalid-request`, `limit-exceeded` or `beyond-end`: a parameter is wrong; `field` names it */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`: no valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `other-log`: the position is of another log */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `too-many-requests`: wait for `Retry-After` */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal` */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `behind`: the read models have not reached the position, or are too far behind to refuse something; `parked`: what would refuse it waits for an administrator; `unavailable`: try again */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    sign_up: {
        parameters: {
            query?: never;
            header?: {
                /** @description Makes a repetition the same sign-up */
                "Idempotency-Key"?: string | null;
                /** @description `wait=N`: seconds to wait for the decision */
                Prefer?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SignUp"];
            };
        };
        responses: {
            /** @description The account is registered: its owner may log in */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SignedUp"];
                };
            };
            /** @description The steps of the sign-up are on their way */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SignedUp"];
                };
            };
            /** @description `invalid-request`, `limit-exceeded` or `password-too-common`; names the field */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `username-taken` (also by a name that looks like it) or `email-taken`; or `in-progress` */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `payload-too-large` */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unsupported-media-type` */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `idempotency-key-reused`: the key came with another body before; or `registration-rejected`: the `step` failed, or not all were done in time */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `too-many-requests`: `Retry-After` and `RateLimit` say when and how many */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `behind`, `unavailable` or `unknown-outcome`: try again, with the same `Idempotency-Key` */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    get_user: {
        parameters: {
            query?: {
                /** @description A position: the answer includes what it stands for, or is 503 `behind`. */
                at_least?: string;
            };
            header?: never;
            path: {
                /** @description The person */
                user: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The profile */
            200: {
                headers: {
                    /** @description For `If-None-Match` */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Profile"];
                };
            };
            /** @description The answer is what `If-None-Match` names */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `invalid-request`, `limit-exceeded` or `beyond-end`: a parameter is wrong; `field` names it */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthorized`: no valid token */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-found`: no such thing, or none that the reader may know of */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `other-log`: the position is of another log */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `too-many-requests`: wait for `Retry-After` */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal` */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `behind`: the read models have not reached the position, or are too far behind to refuse something; `parked`: what would refuse it waits for an administrator; `unavailable`: try again */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    verify: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Verification"];
            };
        };
        responses: {
            /** @description The account is verified */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `invalid-request` or `limit-exceeded`; names the field */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `payload-too-large` */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unsupported-media-type` */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `invalid-code`: the same for every reason */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `too-many-requests`: `Retry-After` and `RateLimit` say when and how many */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `behind`, `unavailable` or `unknown-outcome`: try again, with the same `Idempotency-Key` */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    resend_code: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Mailbox"];
            };
        };
        responses: {
            /** @description If there is such an account, a mail is on its way */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `invalid-request` or `limit-exceeded`; names the field */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `payload-too-large` */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unsupported-media-type` */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `too-many-requests`: `Retry-After` and `RateLimit` say when and how many */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `behind`, `unavailable` or `unknown-outcome`: try again, with the same `Idempotency-Key` */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
}
