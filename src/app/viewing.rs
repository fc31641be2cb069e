//! Something to read over the screen: scrolling, closing, sending again.

use super::commands::motion;
use super::modal::{Modal, Showing};
use super::{Effect, Model, reading};
use crate::domain::WriteState;
use crate::input::Action;

/// Does what an action says in the topmost viewer.
pub(super) fn act(model: &mut Model, action: Action, effects: &mut Vec<Effect>) {
    let Some(Modal::Viewer(viewer)) = model.modals.last() else { return };
    if let Some(motion) = motion(action, 1) {
        let height = usize::from(super::geometry::viewer(model.size).height);
        let last = match viewer.showing {
            Showing::Unsent => model.open_writes.len().saturating_sub(1),
            _ => viewer_rows(model, &viewer.showing).saturating_sub(height),
        };
        let scroll = reading::moved(viewer.scroll.min(last), motion, last, height);
        if let Some(Modal::Viewer(viewer)) = model.modals.last_mut() {
            viewer.scroll = scroll;
        }
        return;
    }
    match action {
        Action::Close => {
            model.modals.pop();
        }
        Action::Retry => retry(model, effects),
        _ => {}
    }
}

/// Rows of what a viewer shows.
fn viewer_rows(model: &Model, showing: &Showing) -> usize {
    let key = match showing {
        Showing::Help => return super::help_rows(model).len(),
        Showing::Unsent => return model.open_writes.len(),
        Showing::Guidelines(_) => reading::guidelines_key(model),
        Showing::Info => reading::info_key(model),
        Showing::Given => reading::given_key(model),
    };
    let rows = key.and_then(|key| model.docs.get(&key)?.as_ref().map(|rows| rows.rows.len()));
    rows.unwrap_or(0)
}

/// Has the write under the cursor of the list tried again.
fn retry(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(Modal::Viewer(viewer)) = model.modals.last() else { return };
    let Some(written) = model.open_writes.values().nth(viewer.scroll) else {
        model.say("nothing to send");
        return;
    };
    match written.state {
        WriteState::Refused | WriteState::Pending | WriteState::Held => {
            effects.push(Effect::Retry(written.seq));
        }
        _ => model.say("this one is already on its way"),
    }
}
