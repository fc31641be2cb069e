//! The event loop: take everything that is there, update, draw once, wait.
//!
//! There is no tick and no polling: an idle program wakes up for nothing. Input is drained before
//! drawing, so a held key never lags behind.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use ratatui::Terminal;
use ratatui::backend::Backend;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::clock::Clock;
use super::executor::{Control, Executor};
use super::input::{Continued, Signals, TerminalInput};
use super::steady::DoubtfulRows;
use crate::app::{Model, Msg, update};
use crate::theme::Theme;
use crate::ui;

/// Longest time messages are taken in before the next frame is drawn.
const DRAIN: Duration = Duration::from_millis(10);

/// What the loop works with.
pub(super) struct EventLoop<'a, B: Backend> {
    pub(super) terminal: &'a mut Terminal<B>,
    pub(super) model: &'a mut Model,
    pub(super) executor: Executor,
    pub(super) messages: UnboundedReceiver<Msg>,
    pub(super) input: TerminalInput,
    pub(super) signals: Arc<Signals>,
    pub(super) continued: Continued,
    pub(super) theme: Theme,
    pub(super) clock: Clock,
    pub(super) doubtful: DoubtfulRows,
    /// Told to the terminal around each frame, so that it shows whole frames only.
    pub(super) frames: fn(bool) -> io::Result<()>,
}

/// What the loop waits for.
#[expect(clippy::large_enum_variant, reason = "nearly every event is the large one")]
enum Event {
    Msg(Msg),
    /// The process goes on after somebody stopped it.
    Continued,
}

/// How the loop goes on after a batch of messages.
enum Turn {
    Go,
    End,
}

impl<B> EventLoop<'_, B>
where
    B: Backend<Error: Into<io::Error>>,
{
    /// Runs until the model wants to end.
    pub(super) async fn run(mut self) -> io::Result<()> {
        self.draw()?;
        loop {
            match self.next().await {
                Event::Continued => self.retake()?,
                Event::Msg(msg) => {
                    if let Turn::End = self.batch(msg).await? {
                        return Ok(());
                    }
                }
            }
            self.draw()?;
        }
    }

    fn now(&self) -> Instant {
        Instant::from_std(self.clock.at(self.clock.now().mono))
    }

    /// Waits for the next thing to happen.
    async fn next(&mut self) -> Event {
        let deadline = self.model.deadline().map(|mono| Instant::from_std(self.clock.at(mono)));
        tokio::select! {
            biased;
            Some(msg) = self.messages.recv() => Event::Msg(msg),
            () = self.continued.unexpectedly() => Event::Continued,
            msg = self.input.next() => Event::Msg(msg),
            () = wait(deadline) => Event::Msg(Msg::Deadline),
        }
    }

    /// Takes in one message and all that are there behind it, for at most [`DRAIN`]. Also waits so
    /// long for a layout in the making: drawing without it would only flicker.
    async fn batch(&mut self, first: Msg) -> io::Result<Turn> {
        let until = self.now() + DRAIN;
        let mut next = Some(first);
        while let Some(msg) = next {
            for effect in update(self.model, msg, self.clock.now()) {
                if let Some(control) = self.executor.start(effect)
                    && let Turn::End = self.control(control)?
                {
                    return Ok(Turn::End);
                }
            }
            next = self.ready(until).await;
        }
        Ok(Turn::Go)
    }

    async fn ready(&mut self, until: Instant) -> Option<Msg> {
        if self.now() >= until {
            return None;
        }
        if let Some(msg) = self.messages.try_recv().ok().or_else(|| self.input.now()) {
            return Some(msg);
        }
        if !self.model.is_laying_out() {
            return None;
        }
        timeout_at(until, self.messages.recv()).await.ok().flatten()
    }

    fn control(&mut self, control: Control) -> io::Result<Turn> {
        match control {
            Control::Quit => return Ok(Turn::End),
            Control::Redraw => self.terminal.clear().map_err(Into::into)?,
            Control::Suspend => {
                self.continued.expected = true;
                self.input.lend(super::terminal::suspend)?;
                self.terminal.clear().map_err(Into::into)?;
                self.adopt_size()?;
            }
            Control::Edit(text) => {
                // Blocking is right: the terminal belongs to the editor until it ends.
                self.signals.set_lent(true);
                let edited = self.input.lend(|| super::external::edit(&text));
                self.signals.set_lent(false);
                self.terminal.clear().map_err(Into::into)?;
                let effects = update(self.model, Msg::Edited(edited), self.clock.now());
                for effect in effects {
                    self.executor.start(effect);
                }
                self.adopt_size()?;
            }
        }
        Ok(Turn::Go)
    }

    /// Takes the terminal over once more.
    fn retake(&mut self) -> io::Result<()> {
        self.input.lend(|| {
            super::terminal::leave();
            super::terminal::enter()
        })?;
        self.terminal.clear().map_err(Into::into)?;
        self.adopt_size()
    }

    /// The terminal may have another size after somebody else had it.
    fn adopt_size(&mut self) -> io::Result<()> {
        let size = self.terminal.size().map_err(Into::into)?;
        let effects = update(self.model, Msg::Resize(size.width, size.height), self.clock.now());
        for effect in effects {
            self.executor.start(effect);
        }
        Ok(())
    }

    fn draw(&mut self) -> io::Result<()> {
        (self.frames)(true)?;
        let (model, theme, doubtful) = (&*self.model, &self.theme, &mut self.doubtful);
        let render = |frame: &mut ratatui::Frame<'_>| {
            ui::view(model, &theme.styles, theme.glyphs, frame);
            doubtful.mark(frame.buffer_mut());
        };
        self.terminal.draw(render).map_err(Into::into)?;
        (self.frames)(false)
    }
}

/// Until a moment comes, if there is one.
pub(super) async fn wait(until: Option<Instant>) {
    match until {
        Some(until) => sleep_until(until).await,
        None => std::future::pending().await,
    }
}
