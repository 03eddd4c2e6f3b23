//! What is measured, beside `curl` with the same file to the same sandbox, and held against its targets. Prints one Markdown table.
//!
//! `bench [upload|platforms|delay|queue|crowd|kill|all]`. The sandbox and the engine are processes of the release program; this one only watches. Linux
//! alone, because the figures of a process come from `/proc`.

#[cfg(target_os = "linux")]
mod by_hand;
#[cfg(target_os = "linux")]
mod crowd;
#[cfg(target_os = "linux")]
mod kill;
#[cfg(target_os = "linux")]
mod platforms;
#[cfg(target_os = "linux")]
mod process;
#[cfg(target_os = "linux")]
mod queue;
#[cfg(target_os = "linux")]
mod table;
#[cfg(target_os = "linux")]
mod upload;
#[cfg(target_os = "linux")]
mod yard;

#[cfg(target_os = "linux")]
#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> anyhow::Result<()> {
    let wanted = std::env::args().nth(1).unwrap_or_else(|| "all".into());
    let mut table = table::Table::default();
    let is = |name: &str| wanted == name || wanted == "all";
    anyhow::ensure!(
        ["all", "upload", "platforms", "delay", "queue", "crowd", "kill"].contains(&wanted.as_str()),
        "There is no bench \"{wanted}\": say upload, platforms, delay, queue, crowd, kill or all."
    );
    if is("upload") {
        upload::upload(&mut table).await?;
    }
    if is("platforms") {
        platforms::platforms(&mut table).await?;
    }
    if is("delay") {
        upload::delay(&mut table).await?;
    }
    if is("queue") {
        queue::queue(&mut table).await?;
    }
    if is("crowd") {
        crowd::crowd(&mut table).await?;
    }
    if is("kill") {
        kill::kill(&mut table).await?;
    }
    table.print();
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("The bench reads /proc and so runs on Linux only.");
}
