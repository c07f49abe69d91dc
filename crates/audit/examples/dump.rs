//! Prints what a document was read as: `cargo run --release --example dump FILE`.

use callboard_audit::{BlockKind, Document, Limits, media_type_of};

#[expect(clippy::print_stdout, reason = "it prints what it reads")]
fn main() {
    for path in std::env::args().skip(1) {
        let Ok(bytes) = std::fs::read(&path) else { continue };
        let Ok(document) =
            media_type_of(&path, &bytes).and_then(|kind| Document::read(&bytes, kind, &Limits::default()))
        else {
            continue;
        };
        for block in document.blocks() {
            let BlockKind::Table(index) = block.kind else {
                println!("{:?} {:?} {}", block.kind, block.place, document.text(block.text));
                continue;
            };
            let Some(table) = document.tables().get(index) else { continue };
            println!("TABLE {} {:?} power {}", table.number, table.place, table.power);
            for column in &table.columns {
                println!("   column {:?} {:?}", column.kind, document.text(column.heading));
            }
            for (row, info) in table.rows.iter().enumerate() {
                let cells: Vec<String> = (0..table.columns.len())
                    .map(|column| table.figure(row, column).map_or("·".to_owned(), |figure| format!("{figure:?}")))
                    .collect();
                println!("   {:?} {:<50} {}", info.kind, document.text(info.label), cells.join(" | "));
            }
        }
    }
}
