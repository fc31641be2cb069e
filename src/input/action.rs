//! What a key can do. The table behind it is [`ACTIONS`].

use super::{ACTIONS, Context};

/// Something a reviewer can ask for with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Show the keys of this place.
    Help,
    /// Go back; quit at the top.
    Back,
    /// Drop the count, the search or the zoom.
    Cancel,
    /// Undo the last decision.
    Undo,
    /// Do again what was undone last.
    Redo,
    /// List what is not sent yet.
    Unsent,
    /// Quit; unsent work is kept.
    Quit,
    /// Draw the screen afresh.
    Redraw,
    /// Go to the shell; `fg` comes back.
    Suspend,
    /// Move down.
    Down,
    /// Move up.
    Up,
    /// Scroll down, or move down in the tree.
    ScrollDown,
    /// Scroll up, or move up in the tree.
    ScrollUp,
    /// Go to the top.
    Top,
    /// Go to the bottom.
    Bottom,
    /// Move down half a screen.
    HalfDown,
    /// Move up half a screen.
    HalfUp,
    /// Go to the next pane.
    NextPane,
    /// Go to the previous pane.
    PrevPane,
    /// Open.
    Open,
    /// Go to the pane on the left.
    PaneLeft,
    /// Go to the pane on the right.
    PaneRight,
    /// Ask the server again.
    Refresh,
    /// Show pending, completed or all items.
    StatusFilter,
    /// Complete the item.
    Complete,
    /// Reopen the completed item.
    Reopen,
    /// Take the item out of the queue.
    Remove,
    /// Add objects to the queue.
    Add,
    /// Flag the item; change or remove the flag.
    Flag,
    /// Show the queue's guidelines.
    Guidelines,
    /// Go to the next observation.
    NextObservation,
    /// Go to the previous observation.
    PrevObservation,
    /// Fold.
    Fold,
    /// Unfold.
    Unfold,
    /// Show the content pretty, as JSON, raw.
    CycleView,
    /// Give the pane the whole screen, or back.
    Zoom,
    /// Wrap long lines, or not.
    Wrap,
    /// Show metadata, ids and cost.
    Info,
    /// Read all scores, reasons and comments.
    ReadScores,
    /// Show or hide the tree.
    ToggleTree,
    /// Find in the content.
    Find,
    /// Go to the next match.
    FindNext,
    /// Go to the previous match.
    FindPrev,
    /// Copy the id.
    CopyId,
    /// Open in the browser.
    OpenInBrowser,
    /// Go to the next rubric row.
    NextRow,
    /// Go to the previous rubric row.
    PrevRow,
    /// Type a value for the row.
    EnterValue,
    /// Clear the row, or step back to the last one.
    ClearRow,
    /// Write the reason for the row's score.
    Reason,
    /// Write a comment.
    Comment,
    /// Complete the item and go to the next.
    CompleteNext,
    /// Skip the item; it comes back at the end.
    Skip,
    /// Go to the next item.
    NextItem,
    /// Go to the previous item.
    PrevItem,
    /// Reopen this completed item.
    ReopenItem,
    /// Review what was skipped.
    ReviewSkipped,
    /// Go to the next queue.
    NextQueue,
    /// Save.
    Save,
    /// Go on in $EDITOR.
    ExternalEditor,
    /// Take what was typed.
    Accept,
    /// Close; drafts are kept.
    Close,
    /// Show everything about the write.
    Details,
    /// Send the write again.
    Retry,
    /// Send again everything that waits for the reviewer.
    RetryAll,
    /// Change the write.
    Change,
    /// Give the write up.
    Discard,
    /// Give up everything that waits for the reviewer.
    DiscardAll,
    /// Copy what was written.
    CopyWrite,
    /// Quit without waiting.
    LeaveNow,
    /// Wait until everything is sent, then quit.
    LeaveSent,
    /// Do not quit.
    Stay,
    /// Yes.
    Yes,
    /// No.
    No,
}

impl Action {
    /// Its row in the table.
    pub fn spec(self) -> &'static ActionSpec {
        // The rows stand in the order of the variants; a test holds them to it.
        &ACTIONS[self as usize]
    }

    /// Its name in `keymap.toml`.
    pub fn name(self) -> &'static str {
        self.spec().name
    }

    /// What it does in a word or two, for the status line.
    pub fn hint(self) -> &'static str {
        self.spec().hint
    }

    /// The action of that name.
    pub fn by_name(name: &str) -> Option<Self> {
        ACTIONS.iter().find(|spec| spec.name == name).map(|spec| spec.action)
    }
}

/// Default keys: the contexts, and what is pressed there.
pub type Binding = (&'static [Context], &'static [&'static str]);

/// All there is to know about an action.
#[derive(Debug)]
pub struct ActionSpec {
    /// The action.
    pub action: Action,
    /// Kebab-case name, for `keymap.toml`.
    pub name: &'static str,
    /// What it does, as an order, for help.
    pub doc: &'static str,
    /// One or two words for the status line.
    pub hint: &'static str,
    /// Where it exists, and its default keys there, the first being the one shown in hints.
    pub keys: &'static [Binding],
}

impl ActionSpec {
    /// The contexts in which the action exists.
    pub fn contexts(&self) -> impl Iterator<Item = Context> + use<> {
        self.keys.iter().flat_map(|(contexts, _)| contexts.iter().copied())
    }
}
