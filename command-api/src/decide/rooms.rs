//! Rooms: how they begin, are renamed and end.

use event_schema::ids::direct_room_id;
use event_schema::rejection::Reason;
use event_schema::room::{Archived, Created, HistoryVisibility, InitialMember, JoinRule, Renamed, Role, RoomKind};
use event_schema::rules::{self, Action};
use event_schema::{RoomId, Text, UserId, limits};

use super::{Decision, Refusal, RoomView};
use crate::validate::{self, Invalid};

/// A room as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRoom {
    /// Direct, group or channel.
    pub kind: RoomKind,
    /// Its name; a channel needs one, a direct room has none.
    pub name: Option<String>,
    /// The first members apart from the creator.
    pub members: Vec<UserId>,
    /// How one becomes a member; a channel is open, everything else by invitation, unless said otherwise.
    pub join_rule: Option<JoinRule>,
    /// What a member sees of the time before joining; everything, unless said otherwise.
    pub history_visibility: Option<HistoryVisibility>,
}

/// A room that may be created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Its id, where that follows from its members.
    pub direct: Option<RoomId>,
    /// Who must exist: the members apart from the creator, in the order of the request.
    pub others: Vec<UserId>,
    pub payload: Created,
}

/// Checks a new room, and names the field that cannot be.
pub fn create(creator: UserId, request: NewRoom) -> Result<Plan, Invalid> {
    if request.members.len() > limits::INITIAL_MEMBERS {
        return Err(Invalid::over("members", limits::INITIAL_MEMBERS, "members"));
    }
    if let Some(name) = &request.name {
        validate::name("name", name)?;
    }
    let mut others: Vec<UserId> = Vec::with_capacity(request.members.len());
    let mut seen = std::collections::HashSet::from([creator]);
    others.extend(request.members.iter().filter(|user| seen.insert(**user)));
    let most = rules::member_limit(request.kind).min(limits::INITIAL_MEMBERS);
    if others.len() + 1 > most {
        return Err(Invalid::over("members", most, "members, the creator included"));
    }
    if request.kind == RoomKind::Direct {
        return create_direct(creator, &request, &others);
    }
    if request.kind == RoomKind::Channel && request.name.is_none() {
        return Err(Invalid::new("name", "a channel needs a name"));
    }
    let open = if request.kind == RoomKind::Channel { JoinRule::Open } else { JoinRule::Invite };
    let payload = Created {
        kind: request.kind,
        name: request.name.map(Text::Plain),
        join_rule: request.join_rule.unwrap_or(open),
        history_visibility: request.history_visibility.unwrap_or(HistoryVisibility::All),
        members: members(creator, Role::Owner, &others),
    };
    Ok(Plan { direct: None, others, payload })
}

/// A direct room is the same whoever opens it: both are plain members, nothing of it can be chosen.
fn create_direct(creator: UserId, request: &NewRoom, others: &[UserId]) -> Result<Plan, Invalid> {
    let [other] = *others else {
        return Err(Invalid::new("members", "a direct room needs exactly one other person"));
    };
    let unchosen = [
        ("name", request.name.is_none()),
        ("join_rule", request.join_rule.is_none_or(|rule| rule == JoinRule::Invite)),
        ("history_visibility", request.history_visibility.is_none_or(|seen| seen == HistoryVisibility::All)),
    ];
    if let Some((field, _)) = unchosen.iter().find(|(_, unchosen)| !unchosen) {
        return Err(Invalid::new(*field, "cannot be chosen for a direct room"));
    }
    let payload = Created {
        kind: RoomKind::Direct,
        name: None,
        join_rule: JoinRule::Invite,
        history_visibility: HistoryVisibility::All,
        members: members(creator, Role::Member, &[other]),
    };
    Ok(Plan { direct: Some(direct_room_id(creator, other)), others: vec![other], payload })
}

fn members(creator: UserId, role: Role, others: &[UserId]) -> Vec<InitialMember> {
    let others = others.iter().map(|user_id| InitialMember { user_id: *user_id, role: Role::Member });
    std::iter::once(InitialMember { user_id: creator, role }).chain(others).collect()
}

/// Gives a room another name.
pub fn rename(room: Option<&RoomView>, name: &str) -> Result<Decision, Refusal> {
    let room = room.ok_or(Refusal::RoomNotFound)?;
    room.permit(Action::Rename)?;
    if room.name.as_deref() == Some(name) {
        return Ok(Decision::Unchanged);
    }
    Ok(Decision::Emit(Renamed { name: Text::Plain(name.to_owned()) }.into()))
}

pub fn archive(room: Option<&RoomView>) -> Result<Decision, Refusal> {
    let room = room.ok_or(Refusal::RoomNotFound)?;
    match room.permit(Action::Archive) {
        Ok(_) => Ok(Decision::Emit(Archived {}.into())),
        Err(Refusal::Rejected(Reason::RoomArchived)) => Ok(Decision::Unchanged),
        Err(refusal) => Err(refusal),
    }
}

#[cfg(test)]
mod tests {
    use super::super::given::room;
    use super::*;
    use uuid::Uuid;

    const CREATOR: UserId = UserId(Uuid::from_u128(1));
    const OTHER: UserId = UserId(Uuid::from_u128(2));

    fn request(kind: RoomKind) -> NewRoom {
        NewRoom { kind, name: None, members: vec![OTHER], join_rule: None, history_visibility: None }
    }

    fn field(request: NewRoom) -> String {
        create(CREATOR, request).expect_err("refused").field
    }

    #[test]
    fn the_creator_owns_a_group() {
        let plan = create(CREATOR, request(RoomKind::Group)).expect("a room");
        assert_eq!(
            plan.payload.members,
            vec![
                InitialMember { user_id: CREATOR, role: Role::Owner },
                InitialMember { user_id: OTHER, role: Role::Member },
            ]
        );
        assert_eq!((plan.payload.join_rule, plan.direct), (JoinRule::Invite, None));
    }

    #[test]
    fn nobody_is_a_member_twice() {
        let named_twice = NewRoom { members: vec![OTHER, CREATOR, OTHER], ..request(RoomKind::Group) };
        let plan = create(CREATOR, named_twice).expect("a room");
        assert_eq!((plan.payload.members.len(), plan.others), (2, vec![OTHER]));
    }

    #[test]
    fn a_channel_is_open_and_has_a_name() {
        assert_eq!(field(request(RoomKind::Channel)), "name");
        let channel = NewRoom { name: Some("news".into()), members: vec![], ..request(RoomKind::Channel) };
        assert_eq!(create(CREATOR, channel).expect("a room").payload.join_rule, JoinRule::Open);
    }

    #[test]
    fn a_direct_room_is_one_for_both() {
        let mine = create(CREATOR, request(RoomKind::Direct)).expect("a room");
        let theirs = create(OTHER, NewRoom { members: vec![CREATOR], ..request(RoomKind::Direct) }).expect("a room");
        assert_eq!(mine.direct, theirs.direct);
        assert!(mine.payload.members.iter().all(|member| member.role == Role::Member));
    }

    #[test]
    fn nothing_of_a_direct_room_can_be_chosen() {
        let direct = request(RoomKind::Direct);
        assert_eq!(field(NewRoom { members: vec![], ..direct.clone() }), "members");
        assert_eq!(field(NewRoom { members: vec![CREATOR], ..direct.clone() }), "members");
        assert_eq!(field(NewRoom { members: vec![OTHER, UserId(Uuid::from_u128(3))], ..direct.clone() }), "members");
        assert_eq!(field(NewRoom { name: Some("us".into()), ..direct.clone() }), "name");
        assert_eq!(field(NewRoom { join_rule: Some(JoinRule::Open), ..direct }), "join_rule");
    }

    #[test]
    fn a_room_begins_with_500_at_most() {
        let members: Vec<UserId> = (10..510).map(|n| UserId(Uuid::from_u128(n))).collect();
        let group = NewRoom { members, ..request(RoomKind::Group) };
        assert_eq!(field(group.clone()), "members");
        let fits = NewRoom { members: group.members[..499].to_vec(), ..group };
        assert_eq!(create(CREATOR, fits).expect("a room").payload.members.len(), 500);
    }

    #[test]
    fn moderators_rename_and_owners_archive() {
        let moderator = room(RoomKind::Group).caller("joined", Role::Moderator);
        let renamed = Renamed { name: Text::Plain("other".into()) };
        assert_eq!(rename(Some(&moderator), "other"), Ok(Decision::Emit(renamed.into())));
        assert_eq!(rename(Some(&moderator), "room"), Ok(Decision::Unchanged));
        assert_eq!(archive(Some(&moderator)), Err(Refusal::Forbidden));
        let owner = room(RoomKind::Group).caller("joined", Role::Owner);
        assert_eq!(archive(Some(&owner)), Ok(Decision::Emit(Archived {}.into())));
        assert_eq!(archive(Some(&owner.archived())), Ok(Decision::Unchanged));
    }
}
