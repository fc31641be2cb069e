//! Where things are on the screen: a pure function of its size and of what is open.
//!
//! It lives beside the model because scrolling and laying out need to know the sizes of panes
//! before anything is drawn.

/// Least size in which the screens make sense.
pub const LEAST: (u16, u16) = (60, 15);

/// A rectangle of cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Area {
    /// Left column.
    pub x: u16,
    /// Top row.
    pub y: u16,
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
}

impl Area {
    /// Cuts rows off the top.
    #[must_use]
    pub fn split_top(self, rows: u16) -> (Self, Self) {
        let rows = rows.min(self.height);
        (Self { height: rows, ..self }, Self { y: self.y + rows, height: self.height - rows, ..self })
    }

    /// Cuts rows off the bottom: the rest and the cut.
    #[must_use]
    pub fn split_bottom(self, rows: u16) -> (Self, Self) {
        self.split_top(self.height.saturating_sub(rows))
    }

    /// Cuts columns off the left.
    #[must_use]
    pub fn split_left(self, columns: u16) -> (Self, Self) {
        let columns = columns.min(self.width);
        (Self { width: columns, ..self }, Self { x: self.x + columns, width: self.width - columns, ..self })
    }

    /// A centred area of at most this size.
    #[must_use]
    pub fn centred(self, width: u16, height: u16) -> Self {
        let (width, height) = (width.min(self.width), height.min(self.height));
        Self { x: self.x + (self.width - width) / 2, y: self.y + (self.height - height) / 2, width, height }
    }
}

/// Areas of the browse screen. Below 100 columns only one pane is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BrowseAreas {
    /// Title line.
    pub header: Area,
    /// The queues, where shown.
    pub queues: Option<Area>,
    /// The items, where shown.
    pub items: Option<Area>,
    /// Rule and status line.
    pub status: Area,
}

/// Areas of the review screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReviewAreas {
    /// Queue, position, facts.
    pub header: Area,
    /// The tree with its title, where it has a pane of its own.
    pub tree: Option<Area>,
    /// The tree's stand-in where it has none: one line.
    pub crumb: Option<Area>,
    /// The content with its title line.
    pub content: Option<Area>,
    /// The rubric with its title, where shown.
    pub rubric: Option<Area>,
    /// Whether the rubric lies under the content, in few lines.
    pub compact: bool,
    /// Rule and status line.
    pub status: Area,
}

/// A pane of the review screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pane {
    /// The observation tree.
    Tree,
    /// The content.
    #[default]
    Content,
    /// The rubric.
    Rubric,
}

/// Splits the screen off into header, body and status.
fn frame(size: (u16, u16), header: u16) -> (Area, Area, Area) {
    let all = Area { x: 0, y: 0, width: size.0, height: size.1 };
    let (header, rest) = all.split_top(header);
    let (body, status) = rest.split_bottom(2);
    (header, body, status)
}

/// Lays the browse screen out.
#[must_use]
pub fn browse(size: (u16, u16), items_focused: bool) -> BrowseAreas {
    let (header, body, status) = frame(size, 1);
    if size.0 < 100 {
        let (queues, items) = if items_focused { (None, Some(body)) } else { (Some(body), None) };
        return BrowseAreas { header, queues, items, status };
    }
    let (queues, items) = body.split_left((size.0 * 2 / 5).min(56));
    BrowseAreas { header, queues: Some(queues), items: Some(items), status }
}

/// What decides the layout of the review screen besides its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReviewShape {
    /// The pane that has the whole body, if any.
    pub zoomed: Option<Pane>,
    /// Whether the tree is wanted.
    pub tree: bool,
    /// Rows of the rubric.
    pub rows: u16,
}

/// Lays the review screen out.
#[must_use]
pub fn review(size: (u16, u16), shape: ReviewShape) -> ReviewAreas {
    let (header, body, status) = frame(size, 2);
    let mut areas =
        ReviewAreas { header, tree: None, crumb: None, content: None, rubric: None, compact: false, status };
    match shape.zoomed {
        Some(Pane::Tree) => areas.tree = Some(body),
        Some(Pane::Content) => areas.content = Some(body),
        Some(Pane::Rubric) => areas.rubric = Some(body),
        None => split_review(&mut areas, body, shape),
    }
    areas
}

fn split_review(areas: &mut ReviewAreas, body: Area, shape: ReviewShape) {
    let width = body.width;
    let mut body = body;
    if width < 90 {
        areas.compact = true;
        // A rule, the rows two by two, and two lines about the current one.
        let wanted = shape.rows.div_ceil(2) + 3;
        let (above, rubric) = body.split_bottom(wanted.min(body.height * 2 / 5));
        areas.rubric = Some(rubric);
        body = above;
    } else {
        let (rest, rubric) = body.split_left(width - (width * 3 / 10).clamp(32, 52));
        areas.rubric = Some(rubric);
        body = rest;
    }
    if shape.tree && width >= 120 {
        let (tree, content) = body.split_left((width / 4).min(52));
        areas.tree = Some(tree);
        areas.content = Some(content);
    } else if shape.tree {
        // Asked for on a narrow screen: it takes the content's upper part.
        let (tree, content) = body.split_top(body.height * 2 / 5);
        areas.tree = Some(tree);
        areas.content = Some(content);
    } else {
        let (crumb, content) = body.split_top(1);
        areas.crumb = Some(crumb);
        areas.content = Some(content);
    }
}

/// The part of a pane below its title line, without the rule at its left edge.
#[must_use]
pub fn inner(pane: Area) -> Area {
    let (_, body) = pane.split_top(1);
    let (_, body) = body.split_left(2);
    Area { width: body.width.saturating_sub(1), ..body }
}

/// The text area of a viewer over the screen (help, guidelines, information).
#[must_use]
pub fn viewer(size: (u16, u16)) -> Area {
    let all = Area { x: 0, y: 0, width: size.0, height: size.1 };
    let outer = all.centred((size.0 - size.0 / 10).min(100), size.1.saturating_sub(4));
    let (_, below) = outer.split_top(1);
    let (inside, _) = below.split_bottom(1);
    let (_, inside) = inside.split_left(2);
    Area { width: inside.width.saturating_sub(2), ..inside }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inside(part: Area, size: (u16, u16)) -> bool {
        part.x + part.width <= size.0 && part.y + part.height <= size.1
    }

    #[test]
    fn every_area_lies_on_the_screen_at_every_size() {
        for width in 0..220 {
            for height in 0..70 {
                let size = (width, height);
                let browse = browse(size, width % 2 == 0);
                let zooms = [None, Some(Pane::Tree), Some(Pane::Content), Some(Pane::Rubric)];
                for zoomed in zooms {
                    let shape = ReviewShape { zoomed, tree: height % 2 == 0, rows: height };
                    let review = review(size, shape);
                    let parts = [
                        review.tree,
                        review.crumb,
                        review.content,
                        review.rubric,
                        browse.queues,
                        browse.items,
                    ];
                    for part in
                        parts.into_iter().flatten().chain([review.status, review.header, viewer(size)])
                    {
                        assert!(inside(part, size), "{part:?} at {size:?}");
                    }
                }
            }
        }
    }
}
