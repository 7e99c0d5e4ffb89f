//! The flow of a day as a picture: an SVG that the server draws, and the same numbers as a table for those who do not see
//! it.
//!
//! Not here: where the numbers come from (`app::flow`).

use app::flow::{Counts, HourOf};
use askama::Template;
use askama::filters::HtmlSafe;

use crate::moment::hour;

/// The picture's size, in units of its own: the page scales it.
const WIDTH: u32 = 720;
const HEIGHT: u32 = 170;

/// Room for the numbers on the left and for the hours below.
const LEFT: u32 = 34;
const BELOW: u32 = 20;
const ABOVE: u32 = 18;

/// Every how many hours one is named.
const NAMED_EVERY: usize = 4;

/// A day.
#[derive(Debug, Template)]
#[template(path = "chart.html")]
pub(crate) struct Chart {
    id: &'static str,
    /// `None` if nothing happened.
    picture: Option<Picture>,
    total: Counts,
    rows: Vec<Row>,
}

/// A template of its own, which has escaped its text already.
impl HtmlSafe for Chart {}

#[derive(Debug)]
struct Picture {
    bars: Vec<Bar>,
    names: Vec<Name>,
    lines: Vec<Line>,
}

/// A part of an hour's column.
#[derive(Debug)]
struct Bar {
    class: &'static str,
    x: u32,
    y: u32,
    width: u32,
    height: u32,
}

#[derive(Debug)]
struct Name {
    x: u32,
    text: String,
}

#[derive(Debug)]
struct Line {
    y: u32,
    count: u64,
}

#[derive(Debug)]
struct Row {
    hour: String,
    counts: Counts,
}

impl Chart {
    /// Of some hours, oldest first. `id` tells the charts of a page apart.
    pub(crate) fn of(id: &'static str, hours: &[HourOf]) -> Self {
        let mut total = Counts::default();
        for hour in hours {
            total += hour.counts;
        }
        let rows = hours.iter().map(|of| Row { hour: hour(of.began_at), counts: of.counts }).collect();
        let picture = (total != Counts::default()).then(|| Picture::of(hours));
        Self { id, picture, total, rows }
    }
}

fn became(counts: Counts) -> u64 {
    counts.arrived + counts.failed + counts.parked
}

impl Picture {
    fn of(hours: &[HourOf]) -> Self {
        let highest = hours.iter().map(|of| became(of.counts).max(of.counts.came_in)).max().unwrap_or(0);
        let top = round_up(highest);
        let step = (WIDTH - LEFT) / u32::try_from(hours.len().max(1)).unwrap_or(1);
        let (mut bars, mut names) = (Vec::new(), Vec::new());
        let mut x = LEFT;
        for (index, of) in hours.iter().enumerate() {
            if index % NAMED_EVERY == 0 {
                names.push(Name { x: x + step / 2, text: hour(of.began_at) });
            }
            let Counts { came_in, arrived, failed, parked } = of.counts;
            let (narrow, wide) = (step / 4, step / 2);
            bars.extend(column((x + 2, narrow), top, &[("in", came_in)]));
            bars.extend(column(
                (x + 3 + narrow, wide),
                top,
                &[("well", arrived), ("failed", failed), ("parked", parked)],
            ));
            x += step;
        }
        let line = |count| Line { y: height_to(count, top), count };
        Self { bars, names, lines: [0, top / 2, top].map(line).into() }
    }
}

/// Some counts on top of each other. What is there is seen, however little it is.
fn column((x, width): (u32, u32), top: u64, parts: &[(&'static str, u64)]) -> Vec<Bar> {
    let mut below = HEIGHT - BELOW;
    let mut bars = Vec::new();
    for (class, count) in parts.iter().filter(|(_, count)| *count > 0) {
        let height = (HEIGHT - BELOW - height_to(*count, top)).max(2).min(below);
        below -= height;
        bars.push(Bar { class, x, y: below, width, height });
    }
    bars
}

/// How far down from the top of the picture a count is.
fn height_to(count: u64, top: u64) -> u32 {
    let room = u64::from(HEIGHT - BELOW - ABOVE);
    let height = u128::from(count.min(top)) * u128::from(room) / u128::from(top.max(1));
    HEIGHT - BELOW - u32::try_from(height).unwrap_or(0)
}

/// To a number that reads well at the edge of a picture: 2, 4, 10, 20, 40, 100 ...
fn round_up(count: u64) -> u64 {
    let mut power = 1_u64;
    loop {
        for factor in [2, 4] {
            if count <= power.saturating_mul(factor) {
                return power.saturating_mul(factor);
            }
        }
        power = power.saturating_mul(10);
        if count <= power || power == u64::MAX {
            return power;
        }
    }
}

#[cfg(test)]
mod tests {
    use app::clock::Timestamp;

    use super::*;

    #[test]
    fn the_edge_is_a_round_number() {
        for (count, edge) in [(0, 2), (1, 2), (3, 4), (7, 10), (11, 20), (250, 400), (999, 1_000)] {
            assert_eq!(round_up(count), edge, "{count}");
        }
        assert!(round_up(u64::MAX) >= 1);
    }

    #[test]
    fn every_hour_has_its_column_and_nothing_leaves_the_picture() {
        let counts = Counts { came_in: 9, arrived: 1_000_000, failed: 1, parked: 700 };
        let hours: Vec<_> =
            (0..24).map(|hour| HourOf { began_at: Timestamp(hour * 3_600_000), counts }).collect();
        let Some(picture) = Chart::of("x", &hours).picture else { panic!("something happened") };
        assert_eq!(picture.bars.len(), 24 * 4, "also what is little beside the rest");
        for bar in &picture.bars {
            assert!(bar.height >= 1 && bar.y + bar.height <= HEIGHT - BELOW && bar.x + bar.width <= WIDTH);
        }
        let quiet = HourOf { counts: Counts::default(), ..hours[0] };
        assert!(Chart::of("x", &[quiet]).picture.is_none());
    }
}
