//! The table that is printed at the end: figure, target, met or missed.

#[derive(Default)]
pub struct Table {
    rows: Vec<[String; 4]>,
}

impl Table {
    /// A figure with an upper bound.
    pub fn at_most(&mut self, what: &str, figure: f64, bound: f64, unit: &str) {
        let verdict = if figure <= bound { "met" } else { "**missed**" };
        self.row(what, &shown(figure, unit), &format!("≤ {}", shown(bound, unit)), verdict);
    }

    /// A figure to know.
    pub fn known(&mut self, what: &str, figure: &str) {
        self.row(what, figure, "", "");
    }

    fn row(&mut self, what: &str, figure: &str, target: &str, verdict: &str) {
        eprintln!("  {what}: {figure} {target} {verdict}");
        self.rows.push([what.into(), figure.into(), target.into(), verdict.into()]);
    }

    pub fn print(&self) {
        println!("| What | Figure | Target | |\n|---|---:|---:|---|");
        for [what, figure, target, verdict] in &self.rows {
            println!("| {what} | {figure} | {target} | {verdict} |");
        }
    }
}

fn shown(figure: f64, unit: &str) -> String {
    let number = if figure.abs() >= 100.0 { format!("{figure:.0}") } else { format!("{figure:.2}") };
    if unit.is_empty() { number } else { format!("{number} {unit}") }
}

/// The middle one.
pub fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The one below which this share lies.
pub fn percentile(mut figures: Vec<f64>, share: f64) -> f64 {
    figures.sort_by(f64::total_cmp);
    let at = ((figures.len() as f64 * share).ceil() as usize).clamp(1, figures.len().max(1)) - 1;
    figures.get(at).copied().unwrap_or(f64::NAN)
}
