-- Administrators walk the queue from the latest mail back, whatever has become of each.
create index outgoing_by_age on mail.outgoing (requested_at, request_id);
