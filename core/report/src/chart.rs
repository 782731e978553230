//! Charts as static SVG: `plotters` lays out the axes and the marks, and a backend of ours writes them.
//!
//! `plotters` is the charting library that is used most, and it lets a program bring its own backend. In this one colours are
//! classes, for which the page's style sheet has light, dark and paper, text stays text, and a mark tells its number.

use std::{convert::Infallible, slice};

use maud::{Markup, PreEscaped, html};
use plotters::{
    coord::combinators::BindKeyPoints,
    element::{Drawable, PointCollection},
    prelude::{ChartBuilder, IntoDrawingArea, IntoFont, RGBColor, TRANSPARENT},
};
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind,
    text_anchor::{HPos, VPos},
};

use crate::{error::Error, text::short};

/// How many units of the drawing are one pixel of a chart as wide as it is meant, so that marks stand exactly.
const FINE: u32 = 10;
/// How many steps a place has on the axis of time.
const STEPS: i32 = 10;
/// The size of the axes' text, in pixels.
const TEXT: u32 = 12;

/// The colours by which the backend knows what it draws.
const AXIS: RGBColor = RGBColor(0, 0, 1);
const GRID: RGBColor = RGBColor(0, 0, 2);

/// A chart over time.
#[derive(Clone, Debug)]
pub(crate) struct Chart<'c> {
    /// What begins the ids in it.
    pub id: &'c str,
    /// What it shows, for screen readers.
    pub title: &'c str,
    /// What it says, for screen readers.
    pub description: &'c str,
    /// How many places the axis of time has.
    pub places: usize,
    /// Labels of places, of which as many are shown as there is room for.
    pub labels: Vec<(usize, String)>,
    /// The marks.
    pub marks: Marks,
}

/// What is drawn.
#[derive(Clone, Debug)]
pub(crate) enum Marks {
    /// A column for each place that has a number.
    Columns(Vec<Column>),
    /// Lines, each with a number for every place: what a line is called, and its numbers.
    Lines(Vec<(String, Vec<u64>)>),
}

/// A column.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    /// Its place.
    pub place: usize,
    /// Its number.
    pub value: u64,
    /// What it is called.
    pub name: String,
    /// Whether it stands out.
    pub stands_out: bool,
}

impl Chart<'_> {
    /// The chart twice: for a page that is wide, and for a phone, of which the style sheet shows one.
    pub(crate) fn draw(&self) -> Result<Markup, Error> {
        let (wide, narrow) = (self.drawn("wide", (720, 240), 9)?, self.drawn("narrow", (340, 220), 4)?);
        Ok(html! { (wide) (narrow) })
    }

    fn drawn(&self, class: &str, (width, height): (u32, u32), labels: usize) -> Result<Markup, Error> {
        let mut drawing = String::new();
        let size = (width * FINE, height * FINE);
        self.plot(Canvas { drawing: &mut drawing, size }, labels).map_err(|error| Error::Chart(error.to_string()))?;
        let (title, description) = (format!("{}-{class}-title", self.id), format!("{}-{class}-says", self.id));
        Ok(html! {
            svg class={ "chart " (class) } viewBox={ "0 0 " (size.0) " " (size.1) } role="img"
                aria-labelledby=(title) aria-describedby=(description) {
                title id=(title) { (self.title) }
                desc id=(description) { (self.description) }
                (PreEscaped(drawing))
            }
        })
    }

    #[allow(clippy::cast_precision_loss, reason = "an axis is as exact as a screen")]
    fn plot(&self, canvas: Canvas<'_>, most_labels: usize) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let area = canvas.into_drawing_area();
        // The middle of a place is where its label stands.
        let every = self.labels.len().div_ceil(most_labels).max(1);
        let middle = |place: usize| step(place, STEPS / 2);
        let shown: Vec<i32> = self.labels.iter().step_by(every).map(|(place, _)| middle(*place)).collect();
        let label = |x: &i32| {
            let label = self.labels.iter().find(|(place, _)| middle(*place) == *x);
            label.map(|(_, label)| label.clone()).unwrap_or_default()
        };
        let most = (self.marks.most() as f64 * 1.05).max(4.0);
        let mut chart = ChartBuilder::on(&area)
            .margin(8 * FINE)
            .x_label_area_size(22 * FINE)
            .y_label_area_size(44 * FINE)
            .build_cartesian_2d((0..step(self.places.max(1), 0)).with_key_points(shown), 0.0..most)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(GRID)
            .axis_style(AXIS)
            .label_style(("sans-serif", TEXT * FINE).into_font())
            .set_all_tick_mark_size(4 * FINE)
            .y_labels(5)
            .x_label_formatter(&label)
            .y_label_formatter(&|y| short(*y))
            .draw()?;
        chart.draw_series(self.marks.drawn())?;
        area.present()?;
        Ok(())
    }
}

impl Marks {
    /// The greatest number.
    fn most(&self) -> u64 {
        match self {
            Self::Columns(columns) => columns.iter().map(|column| column.value).max(),
            Self::Lines(lines) => lines.iter().flat_map(|(_, numbers)| numbers).copied().max(),
        }
        .unwrap_or(0)
    }

    #[allow(clippy::cast_precision_loss, reason = "a mark is as exact as a screen")]
    fn drawn(&self) -> Vec<Mark> {
        match self {
            Self::Columns(columns) => columns
                .iter()
                .map(|column| Mark {
                    points: vec![(step(column.place, 1), column.value as f64), (step(column.place, STEPS - 1), 0.0)],
                    shape: Shape::Column { stands_out: column.stands_out },
                    tells: format!("{}: {}", column.name, column.value),
                })
                .collect(),
            Self::Lines(lines) => lines
                .iter()
                .enumerate()
                .map(|(place, (name, numbers))| Mark {
                    points: match numbers.as_slice() {
                        // A line of one point would not be seen.
                        [only] => [1, STEPS - 1].map(|within| (step(0, within), *only as f64)).to_vec(),
                        numbers => numbers.iter().enumerate().map(|(x, y)| (step(x, STEPS / 2), *y as f64)).collect(),
                    },
                    shape: Shape::Line { place },
                    tells: name.clone(),
                })
                .collect(),
        }
    }
}

/// A step within a place, on the axis of time.
fn step(place: usize, within: i32) -> i32 {
    i32::try_from(place).unwrap_or(i32::MAX / STEPS - 1).min(i32::MAX / STEPS - 1) * STEPS + within
}

/// What a mark is.
#[derive(Clone, Copy, Debug)]
enum Shape {
    Column { stands_out: bool },
    Line { place: usize },
}

/// A mark, by the points that `plotters` turns into those of the drawing, and what it tells whoever points at it.
#[derive(Debug)]
struct Mark {
    points: Vec<(i32, f64)>,
    shape: Shape,
    tells: String,
}

impl<'m> PointCollection<'m, (i32, f64)> for &'m Mark {
    type Point = &'m (i32, f64);
    type IntoIter = slice::Iter<'m, (i32, f64)>;

    fn point_iter(self) -> Self::IntoIter {
        self.points.iter()
    }
}

impl Drawable<Canvas<'_>> for Mark {
    fn draw<I: Iterator<Item = BackendCoord>>(
        &self,
        points: I,
        canvas: &mut Canvas<'_>,
        _: (u32, u32),
    ) -> Result<(), DrawingErrorKind<Infallible>> {
        let points: Vec<BackendCoord> = points.collect();
        match (self.shape, points.as_slice()) {
            (Shape::Column { stands_out }, [(left, top), (right, bottom)]) => {
                let class = if stands_out { "mark stands-out" } else { "mark" };
                canvas.put(&html! {
                    rect class=(class) x=(left) y=(top) width=((right - left).max(1)) height=((bottom - top).max(0)) {
                        title { (self.tells) }
                    }
                });
            }
            (Shape::Line { place }, points) => {
                canvas.put(&html! { path class={ "line line-" (place) } d=(path(points)) { title { (self.tells) } } });
            }
            (Shape::Column { .. }, _) => {}
        }
        Ok(())
    }
}

/// Points as the data of a path.
fn path(points: &[BackendCoord]) -> String {
    let to = |(place, (x, y)): (usize, &BackendCoord)| format!("{}{x} {y}", if place == 0 { 'M' } else { 'L' });
    points.iter().enumerate().map(to).collect()
}

/// Where `plotters` draws: elements of SVG, without the `svg` around them.
struct Canvas<'d> {
    drawing: &'d mut String,
    size: (u32, u32),
}

impl Canvas<'_> {
    fn put(&mut self, element: &Markup) {
        self.drawing.push_str(&element.0);
    }

    fn put_line(&mut self, points: &[BackendCoord], color: BackendColor) {
        let class = if color.rgb == (GRID.0, GRID.1, GRID.2) { "grid" } else { "axis" };
        if color.alpha > 0.0 {
            self.put(&html! { path class=(class) d=(path(points)) {} });
        }
    }
}

impl DrawingBackend for Canvas<'_> {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        self.size
    }

    fn ensure_prepared(&mut self) -> Result<(), DrawingErrorKind<Infallible>> {
        Ok(())
    }

    fn present(&mut self) -> Result<(), DrawingErrorKind<Infallible>> {
        Ok(())
    }

    /// Nothing here is made of pixels.
    fn draw_pixel(&mut self, _: BackendCoord, _: BackendColor) -> Result<(), DrawingErrorKind<Infallible>> {
        Ok(())
    }

    fn draw_line<S: BackendStyle>(
        &mut self,
        from: BackendCoord,
        to: BackendCoord,
        style: &S,
    ) -> Result<(), DrawingErrorKind<Infallible>> {
        self.put_line(&[from, to], style.color());
        Ok(())
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        points: I,
        style: &S,
    ) -> Result<(), DrawingErrorKind<Infallible>> {
        let points: Vec<BackendCoord> = points.into_iter().collect();
        self.put_line(&points, style.color());
        Ok(())
    }

    fn draw_text<S: BackendTextStyle>(
        &mut self,
        text: &str,
        style: &S,
        (x, y): BackendCoord,
    ) -> Result<(), DrawingErrorKind<Infallible>> {
        let anchor = style.anchor();
        let along = match anchor.h_pos {
            HPos::Left => "start",
            HPos::Center => "middle",
            HPos::Right => "end",
        };
        // From the line on which letters stand, in hundredths of their height.
        let down = match anchor.v_pos {
            VPos::Top => 80,
            VPos::Center => 35,
            VPos::Bottom => -20,
        };
        let down = down * (TEXT * FINE).cast_signed() / 100;
        self.put(&html! { text x=(x) y=(y + down) text-anchor=(along) { (text) } });
        Ok(())
    }

    /// Labels are digits, of which a browser's font has two for each unit of height, about.
    fn estimate_text_size<S: BackendTextStyle>(
        &self,
        text: &str,
        _: &S,
    ) -> Result<(u32, u32), DrawingErrorKind<Infallible>> {
        let characters = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
        Ok((characters.saturating_mul(TEXT * FINE * 3 / 5), TEXT * FINE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(values: &[u64]) -> Chart<'static> {
        let column = |(place, value): (usize, &u64)| Column {
            place,
            value: *value,
            name: format!("<{place}>"),
            stands_out: *value > 5,
        };
        Chart {
            id: "c",
            title: "A & B",
            description: "says",
            places: values.len(),
            labels: (0..values.len()).map(|place| (place, format!("l{place}"))).collect(),
            marks: Marks::Columns(values.iter().enumerate().map(column).collect()),
        }
    }

    /// The values of an attribute in the marks of the wide chart.
    fn attribute(svg: &str, element: &str, name: &str) -> Vec<i64> {
        let wide = &svg[..svg.find("</svg>").unwrap()];
        let (element, name) = (format!("<{element} class=\"mark"), format!(" {name}=\""));
        let value = |one: &str| one.split(&name).nth(1)?.split('"').next()?.parse().ok();
        wide.split(&element).skip(1).map(|one| value(one).unwrap()).collect()
    }

    #[test]
    fn columns_are_as_high_as_their_numbers() {
        let svg = columns(&[10, 0, 5, 1]).draw().unwrap().0;
        let heights = attribute(&svg, "rect", "height");
        assert_eq!(heights[1], 0);
        assert!((heights[0] - 2 * heights[2]).abs() <= 2 && (heights[0] - 10 * heights[3]).abs() <= 10, "{heights:?}");
        let feet: Vec<i64> = attribute(&svg, "rect", "y").iter().zip(&heights).map(|(y, height)| y + height).collect();
        assert_eq!(feet, [feet[0]; 4]);
        assert_eq!(svg.matches("mark stands-out").count(), 2);
        assert!(svg.contains("<title>&lt;0&gt;: 10</title>") && svg.contains(">A &amp; B</title>"), "{svg}");
    }

    #[test]
    fn there_are_no_more_labels_than_there_is_room_for() {
        let svg = columns(&[1; 100]).draw().unwrap().0;
        let (wide, narrow) = svg.split_at(svg.find("</svg>").unwrap());
        assert_eq!([wide, narrow].map(|svg| svg.matches(">l").count()), [9, 4]);
    }

    #[test]
    fn a_line_of_one_day_is_level_and_seen() {
        let marks = Marks::Lines(vec![("a".into(), vec![3])]);
        let svg = Chart { marks, places: 1, ..columns(&[]) }.draw().unwrap().0;
        let paths: Vec<&str> = svg
            .split("<path class=\"line line-0\" d=\"M")
            .skip(1)
            .map(|rest| rest.split('"').next().unwrap())
            .collect();
        assert_eq!(paths.len(), 2, "{svg}");
        for path in paths {
            let (from, to) = path.split_once('L').unwrap();
            let ((from_x, from_y), (to_x, to_y)) = from.split_once(' ').zip(to.split_once(' ')).unwrap();
            assert_eq!(from_y, to_y);
            assert!(to_x.parse::<i32>().unwrap() - from_x.parse::<i32>().unwrap() > 1000, "{path}");
        }
    }

    #[test]
    fn nothing_and_very_much_can_be_drawn() {
        for values in [&[][..], &[0], &[u64::MAX], &[u64::MAX, 1], &vec![1; 5000]] {
            let svg = columns(values).draw().unwrap().0;
            assert_eq!(attribute(&svg, "rect", "x").len(), values.len());
        }
        let marks = Marks::Lines(vec![("a\u{202e}<b>".into(), vec![0, 3, u64::MAX]), (String::new(), Vec::new())]);
        let svg = Chart { marks, places: 3, ..columns(&[]) }.draw().unwrap().0;
        assert_eq!(svg.matches("<path class=\"line line-0\" d=\"M").count(), 2);
        assert!(svg.contains("&lt;b&gt;"), "{svg}");
    }
}
