//! Signs, in Unicode and in ASCII.

use crate::domain::rows::Role;
use crate::domain::{ObservationType, WriteState};

/// Every sign that is drawn. Twins have the same width, so nothing moves between the two sets.
#[derive(Debug, PartialEq, Eq)]
pub struct Glyphs {
    /// Whether this is the ASCII set; keys are then shown as [`{:#}`](crate::input::Key).
    pub ascii: bool,
    /// Tree: a child with siblings below. Two columns, as all four.
    pub tree_branch: &'static str,
    /// Tree: the last child.
    pub tree_last: &'static str,
    /// Tree: an ancestor with siblings below.
    pub tree_line: &'static str,
    /// Tree: an ancestor that was the last child.
    pub tree_space: &'static str,
    /// Unfolded.
    pub open: &'static str,
    /// Folded.
    pub closed: &'static str,
    /// In front of what is current.
    pub cursor: &'static str,
    /// A trace.
    pub trace: &'static str,
    /// A session.
    pub session: &'static str,
    /// A model call.
    pub generation: &'static str,
    /// A retrieval.
    pub retriever: &'static str,
    /// A tool call.
    pub tool: &'static str,
    /// A unit of work.
    pub span: &'static str,
    /// A moment.
    pub event: &'static str,
    /// An agent's run.
    pub agent: &'static str,
    /// A chain step.
    pub chain: &'static str,
    /// A judge's run.
    pub evaluator: &'static str,
    /// An embedding call.
    pub embedding: &'static str,
    /// A guardrail check.
    pub guardrail: &'static str,
    /// Done, confirmed.
    pub done: &'static str,
    /// Failed, refused.
    pub failed: &'static str,
    /// Saved here, held.
    pub held: &'static str,
    /// On its way.
    pub sending: &'static str,
    /// Something is off.
    pub warning: &'static str,
    /// Flagged.
    pub flag: &'static str,
    /// Possibly open elsewhere.
    pub elsewhere: &'static str,
    /// A draft.
    pub draft: &'static str,
    /// The bar at a speaker's left edge.
    pub bar: &'static str,
    /// A horizontal rule.
    pub rule: &'static str,
    /// A vertical rule.
    pub pane: &'static str,
    /// The vertical rule beside the pane with the focus.
    pub pane_focused: &'static str,
    /// Where a vertical rule meets a horizontal one above it.
    pub pane_top: &'static str,
    /// Where a vertical rule meets a horizontal one below it.
    pub pane_bottom: &'static str,
    /// Corners and sides of a modal: top left, top right, bottom left, bottom right, horizontal,
    /// vertical.
    pub modal: [&'static str; 6],
    /// Text was cut off.
    pub ellipsis: &'static str,
    /// More above.
    pub more_above: &'static str,
    /// More below.
    pub more_below: &'static str,
    /// Between parts of a line; with a space at both sides when drawn.
    pub dot: &'static str,
    /// Between steps of a path.
    pub crumb: &'static str,
    /// From a call to its result.
    pub arrow: &'static str,
    /// Between the ends of a range.
    pub range: &'static str,
    /// Around a short quotation.
    pub quotes: [&'static str; 2],
    /// Left end of a progress bar.
    pub progress_left: &'static str,
    /// A filled cell of a progress bar.
    pub progress_full: &'static str,
    /// An empty cell of a progress bar.
    pub progress_empty: &'static str,
    /// Right end of a progress bar.
    pub progress_right: &'static str,
    /// A duration on the time axis.
    pub duration: &'static str,
    /// Frames of the sign that something is in flight.
    pub spinner: &'static [&'static str],
}

impl Glyphs {
    /// For terminals that show Unicode.
    pub const UNICODE: Self = Self {
        ascii: false,
        tree_branch: "├ ",
        tree_last: "└ ",
        tree_line: "│ ",
        tree_space: "  ",
        open: "▾",
        closed: "▸",
        cursor: "▸",
        trace: "◇",
        session: "▤",
        generation: "◆",
        retriever: "⌕",
        tool: "⚙",
        span: "○",
        event: "·",
        agent: "◎",
        chain: "⛓",
        evaluator: "△",
        embedding: "▦",
        guardrail: "▣",
        done: "✓",
        failed: "✗",
        held: "·",
        sending: "⇡",
        warning: "!",
        flag: "⚑",
        elsewhere: "◐",
        draft: "✎",
        bar: "▌",
        rule: "─",
        pane: "│",
        pane_focused: "┃",
        pane_top: "┬",
        pane_bottom: "┴",
        modal: ["┌", "┐", "└", "┘", "─", "│"],
        ellipsis: "…",
        more_above: "▲",
        more_below: "▼",
        dot: "·",
        crumb: "›",
        arrow: "→",
        range: "…",
        quotes: ["“", "”"],
        progress_left: "▕",
        progress_full: "█",
        progress_empty: "░",
        progress_right: "▏",
        duration: "━",
        spinner: &["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"],
    };

    /// For terminals that do not.
    pub const ASCII: Self = Self {
        ascii: true,
        tree_branch: "|-",
        tree_last: "`-",
        tree_line: "| ",
        tree_space: "  ",
        open: "v",
        closed: ">",
        cursor: ">",
        trace: "T",
        session: "S",
        generation: "*",
        retriever: "?",
        tool: "#",
        span: "o",
        event: ".",
        agent: "@",
        chain: "&",
        evaluator: "^",
        embedding: "%",
        guardrail: "=",
        done: "+",
        failed: "x",
        held: ".",
        sending: "^",
        warning: "!",
        flag: "f",
        elsewhere: "?",
        draft: "~",
        bar: "|",
        rule: "-",
        pane: "|",
        pane_focused: "#",
        pane_top: "+",
        pane_bottom: "+",
        modal: ["+", "+", "+", "+", "-", "|"],
        ellipsis: "~",
        more_above: "^",
        more_below: "v",
        dot: "-",
        crumb: ">",
        arrow: ">",
        range: "-",
        quotes: ["\"", "\""],
        progress_left: "[",
        progress_full: "#",
        progress_empty: "-",
        progress_right: "]",
        duration: "=",
        spinner: &["|", "/", "-", "\\"],
    };

    /// The sign of a kind of observation.
    pub fn observation(&self, kind: &ObservationType) -> &'static str {
        match kind {
            ObservationType::Span | ObservationType::Other(_) => self.span,
            ObservationType::Generation => self.generation,
            ObservationType::Event => self.event,
            ObservationType::Agent => self.agent,
            ObservationType::Tool => self.tool,
            ObservationType::Chain => self.chain,
            ObservationType::Retriever => self.retriever,
            ObservationType::Evaluator => self.evaluator,
            ObservationType::Embedding => self.embedding,
            ObservationType::Guardrail => self.guardrail,
        }
    }

    /// The sign of where a write stands; a write that was replaced has none.
    pub fn write_state(&self, state: WriteState) -> &'static str {
        match state {
            WriteState::Held => self.held,
            WriteState::Pending | WriteState::Sending | WriteState::Sent => self.sending,
            WriteState::Confirmed => self.done,
            WriteState::Refused => self.failed,
            WriteState::Conflict => self.warning,
            WriteState::Replaced => " ",
        }
    }

    /// The bar of a speaker. In ASCII it tells the role, as there may be no colour either.
    pub fn role_bar(&self, role: Role) -> &'static str {
        match role {
            _ if !self.ascii => self.bar,
            Role::System => ":",
            Role::User => ">",
            Role::Assistant | Role::Other => self.bar,
            Role::Tool => self.tool,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use unicode_width::UnicodeWidthStr;

    /// All signs in the order of the fields, read from the debug form so that none is forgotten.
    fn signs(glyphs: &Glyphs) -> Vec<String> {
        let printed = format!("{glyphs:?}");
        let printed = printed.split(", spinner").next().unwrap().to_owned();
        printed.split('"').skip(1).step_by(2).map(ToOwned::to_owned).collect()
    }

    #[test]
    fn twins_have_the_same_width() {
        let unicode = signs(&Glyphs::UNICODE);
        // The quotation mark is escaped in the debug form, so compare those by hand.
        assert_eq!(Glyphs::ASCII.quotes, ["\"", "\""]);
        let ascii = signs(&Glyphs { quotes: ["'", "'"], ..Glyphs::ASCII });
        assert_eq!(unicode.len(), ascii.len());
        for (sign, twin) in unicode.iter().zip(&ascii) {
            assert_eq!(sign.width(), twin.width(), "{sign} and {twin}");
            assert!(twin.is_ascii(), "{twin}");
            assert!(sign.width() == 1 || sign.chars().count() == 2, "{sign} is wide");
        }
        assert!(Glyphs::UNICODE.spinner.iter().chain(Glyphs::ASCII.spinner).all(|frame| frame.width() == 1));
    }
}
