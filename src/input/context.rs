//! Contexts: groups of keys, and the places on the screen where several of them are active together.

/// A group of keys that are active together. A place listens to a few of them, see [`place`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Context {
    /// Always, even while typing.
    Global,
    /// On every screen while nothing is being typed and no modal is open.
    Screen,
    /// The list of queues.
    Queues,
    /// The list of a queue's items.
    Items,
    /// Review: reading.
    Reading,
    /// Review: scoring and commenting.
    Deciding,
    /// Review: from item to item.
    Moving,
    /// The page at the end of a queue.
    Summary,
    /// A text area.
    Editor,
    /// One line to type.
    Prompt,
    /// Something to read: help, guidelines, metadata, unsent writes.
    Viewer,
    /// The list of unsent writes, on top of [`Context::Viewer`].
    UnsentList,
    /// A question with yes and no.
    Confirm,
    /// Quitting with something unsent.
    Leaving,
}

impl Context {
    /// All, in the order in which help shows them.
    pub const ALL: &[Self] = &[
        Self::Global,
        Self::Screen,
        Self::Queues,
        Self::Items,
        Self::Reading,
        Self::Deciding,
        Self::Moving,
        Self::Summary,
        Self::Editor,
        Self::Prompt,
        Self::Viewer,
        Self::UnsentList,
        Self::Confirm,
        Self::Leaving,
    ];

    /// Its name in `keymap.toml`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::Screen => "screen",
            Self::Queues => "queues",
            Self::Items => "items",
            Self::Reading => "reading",
            Self::Deciding => "deciding",
            Self::Moving => "moving",
            Self::Summary => "summary",
            Self::Editor => "editor",
            Self::Prompt => "prompt",
            Self::Viewer => "viewer",
            Self::UnsentList => "unsent-list",
            Self::Confirm => "confirm",
            Self::Leaving => "leaving",
        }
    }

    /// Its title in help.
    pub fn title(self) -> &'static str {
        match self {
            Self::Global => "Always",
            Self::Screen => "On every screen",
            Self::Queues => "Queues",
            Self::Items => "Items",
            Self::Reading => "Review: reading",
            Self::Deciding => "Review: deciding",
            Self::Moving => "Review: moving",
            Self::Summary => "End of a queue",
            Self::Editor => "Editors",
            Self::Prompt => "One-line prompts",
            Self::Viewer => "Help, guidelines, details",
            Self::UnsentList => "Unsent writes",
            Self::Confirm => "Questions",
            Self::Leaving => "Quitting with unsent writes",
        }
    }

    /// Keys of this context that are no actions and cannot be remapped: what is pressed and what it
    /// does.
    pub fn fixed(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Queues | Self::Items => Some(("0-9", "count for the next move, as in `10j`")),
            Self::Deciding => Some(("0-9", "pick an option, then go to the next open row")),
            _ => None,
        }
    }

    /// Whether plain characters are typed here, so that none of them can be bound.
    pub fn takes_text(self) -> bool {
        matches!(self, Self::Editor | Self::Prompt)
    }
}

/// The places on the screen, each with the contexts that are active there; the first that binds a
/// key wins.
pub mod place {
    use super::Context::{
        self, Confirm, Deciding, Editor, Global, Items, Leaving, Moving, Prompt, Queues, Reading, Screen,
        Summary, UnsentList, Viewer,
    };

    /// The list of queues.
    pub const QUEUES: &[Context] = &[Queues, Screen, Global];
    /// The list of a queue's items.
    pub const ITEMS: &[Context] = &[Items, Screen, Global];
    /// The review screen, whichever pane has the focus.
    pub const REVIEW: &[Context] = &[Reading, Deciding, Moving, Screen, Global];
    /// The page at the end of a queue.
    pub const SUMMARY: &[Context] = &[Summary, Screen, Global];
    /// A text area.
    pub const EDITOR: &[Context] = &[Editor, Global];
    /// One line to type.
    pub const PROMPT: &[Context] = &[Prompt, Global];
    /// Help, guidelines, metadata.
    pub const VIEWER: &[Context] = &[Viewer, Global];
    /// The list of unsent writes.
    pub const UNSENT: &[Context] = &[UnsentList, Viewer, Global];
    /// A question with yes and no.
    pub const CONFIRM: &[Context] = &[Confirm, Global];
    /// Quitting with something unsent.
    pub const LEAVING: &[Context] = &[Leaving, Global];

    /// Every place.
    pub const ALL: &[&[Context]] =
        &[QUEUES, ITEMS, REVIEW, SUMMARY, EDITOR, PROMPT, VIEWER, UNSENT, CONFIRM, LEAVING];
}
