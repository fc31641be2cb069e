//! Something to read over the screen: scrolling and closing.

use super::commands::motion;
use super::modal::{Modal, Showing};
use super::{Effect, Model, leaving, reading, unsent};
use crate::input::Action;

/// Does what an action says in what lies topmost over the screen.
pub(super) fn act(model: &mut Model, action: Action, effects: &mut Vec<Effect>) {
    let viewer = match model.modals.last() {
        Some(Modal::Viewer(viewer)) => viewer,
        Some(Modal::Unsent(_)) => return unsent::act(model, action, effects),
        Some(Modal::Leaving) => return leaving::act(model, action, effects),
        _ => return,
    };
    if let Some(motion) = motion(action, 1) {
        let height = usize::from(super::geometry::viewer(model.size).height);
        let last = viewer_rows(model, &viewer.showing).saturating_sub(height);
        let scroll = reading::moved(viewer.scroll.min(last), motion, last, height);
        if let Some(Modal::Viewer(viewer)) = model.modals.last_mut() {
            viewer.scroll = scroll;
        }
        return;
    }
    if action == Action::Close {
        model.modals.pop();
    }
}

/// Rows of what a viewer shows.
fn viewer_rows(model: &Model, showing: &Showing) -> usize {
    let key = match showing {
        Showing::Help => return super::help_rows(model).len(),
        Showing::Guidelines(_) => reading::guidelines_key(model),
        Showing::Info => reading::info_key(model),
        Showing::Given => reading::given_key(model),
        Showing::Write(seq) => unsent::write_key(model, *seq),
    };
    let rows = key.and_then(|key| model.docs.get(&key)?.as_ref().map(|rows| rows.rows.len()));
    rows.unwrap_or(0)
}
