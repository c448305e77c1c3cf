//! The icon: an evergreen. When somebody is needed it carries a badge with an exclamation mark, so
//! that its shape says it too, not its colour alone.

use ksni::Icon;

/// Edges in pixels: an ordinary panel, a large one, and one on a screen of double density.
const SIZES: [i32; 3] = [22, 32, 48];

/// Points asked in each direction of a pixel.
const POINTS: i32 = 4;

type Colour = [u8; 3];

// Both stand out from light and from dark panels; a test holds them to it.
const GREEN: Colour = [0x1f, 0x8f, 0x52];
const BADGE: Colour = [0xd8, 0x3f, 0x1c];
const MARK: Colour = [0xff, 0xff, 0xff];

/// The badge's middle, both ways: between two pixels of the smallest icon, so that the mark is sharp.
const BADGE_AT: f64 = 15.0 / 22.0;

/// The icon in every size, as ARGB32 in network byte order.
pub fn pixmaps(calls: bool) -> Vec<Icon> {
    SIZES
        .into_iter()
        .map(|edge| Icon {
            width: edge,
            height: edge,
            data: draw(edge, calls),
        })
        .collect()
}

fn draw(edge: i32, calls: bool) -> Vec<u8> {
    let mut data = Vec::new();
    for y in 0..edge {
        for x in 0..edge {
            data.extend(pixel(x, y, edge, calls));
        }
    }
    data
}

/// The mean of the points within a pixel: alpha, red, green, blue.
fn pixel(x: i32, y: i32, edge: i32, calls: bool) -> [u8; 4] {
    let points = (0..POINTS).flat_map(|down| (0..POINTS).map(move |right| (right, down)));
    let place = |pixel: i32, point: i32| {
        let centre = f64::from(2 * point + 1) / f64::from(2 * POINTS);
        (f64::from(pixel) + centre) / f64::from(edge)
    };
    let (mut hits, mut sum) = (0, [0_u32; 3]);
    for (right, down) in points {
        if let Some(colour) = colour(place(x, right), place(y, down), calls) {
            hits += 1;
            for (sum, part) in sum.iter_mut().zip(colour) {
                *sum += u32::from(part);
            }
        }
    }
    let all = POINTS.unsigned_abs().pow(2);
    let part = |whole: u32, by: u32| u8::try_from(whole / by.max(1)).unwrap_or(u8::MAX);
    [
        part(hits * 255, all),
        part(sum[0], hits),
        part(sum[1], hits),
        part(sum[2], hits),
    ]
}

/// The colour at a point of the unit square, from its upper left corner; none outside the drawing.
fn colour(x: f64, y: f64, calls: bool) -> Option<Colour> {
    if calls {
        let (right, down) = (x - BADGE_AT, y - BADGE_AT);
        let distance = right.hypot(down);
        if distance < 0.29 {
            return Some(if is_mark(right, down) { MARK } else { BADGE });
        }
        // A gap, so that the badge has an outline of its own on every panel.
        if distance < 0.36 {
            return None;
        }
    }
    // Beside the badge only a splinter of the trunk would be left.
    (is_tree(x, y) || !calls && is_trunk(x, y)).then_some(GREEN)
}

/// Three tiers.
fn is_tree(x: f64, y: f64) -> bool {
    let from_middle = (x - 0.5).abs();
    let tier = |top: f64, bottom: f64, half: f64| {
        (top..bottom).contains(&y) && from_middle < half * (y - top) / (bottom - top)
    };
    tier(0.02, 0.38, 0.25) || tier(0.20, 0.60, 0.34) || tier(0.40, 0.82, 0.44)
}

fn is_trunk(x: f64, y: f64) -> bool {
    (0.82..0.98).contains(&y) && (x - 0.5).abs() < 0.09
}

/// An exclamation mark around the middle of the badge.
fn is_mark(right: f64, down: f64) -> bool {
    right.abs() < 1.0 / 22.0
        && ((-4.0 / 22.0..1.0 / 22.0).contains(&down) || (2.0 / 22.0..4.0 / 22.0).contains(&down))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_size_is_a_full_picture() {
        for icon in [pixmaps(false), pixmaps(true)].concat() {
            let edge = usize::try_from(icon.width).unwrap();
            assert_eq!(icon.width, icon.height);
            assert_eq!(icon.data.len(), edge * edge * 4);
        }
    }

    #[test]
    fn need_changes_the_outline_and_not_the_colour_alone() {
        for (calm, calling) in pixmaps(false).iter().zip(&pixmaps(true)) {
            let alpha = |icon: &Icon| -> Vec<bool> {
                icon.data.chunks(4).map(|pixel| pixel[0] > 127).collect()
            };
            let (calm, calling) = (alpha(calm), alpha(calling));
            let differ = calm.iter().zip(&calling).filter(|(a, b)| a != b).count();
            assert!(differ * 10 > calm.len(), "{differ} of {}", calm.len());
        }
    }

    #[test]
    fn the_colours_stand_out_from_light_and_dark_panels() {
        for colour in [GREEN, BADGE] {
            for panel in [[0xff; 3], [0xef; 3], [0x24; 3], [0x00; 3]] {
                assert!(contrast(colour, panel) >= 3.0, "{colour:?} on {panel:?}");
            }
        }
        assert!(contrast(MARK, BADGE) >= 4.0);
    }

    /// WCAG 2.2, "contrast ratio" and "relative luminance".
    fn contrast(one: Colour, other: Colour) -> f64 {
        let luminance = |colour: Colour| {
            let [red, green, blue] = colour.map(|part| {
                let part = f64::from(part) / 255.0;
                if part <= 0.04045 {
                    part / 12.92
                } else {
                    ((part + 0.055) / 1.055).powf(2.4)
                }
            });
            0.2126 * red + 0.7152 * green + 0.0722 * blue
        };
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }
}
