//! Prints the path of a program, building it first if need be: `envtest-program helm`.

use std::io::Write;

use anyhow::bail;
use envtest::Assets;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let name = std::env::args().nth(1).unwrap_or_default();
    let path = match name.as_str() {
        "helm" => Assets::helm().await?,
        "kubectl" => Assets::kubectl().await?,
        _ => bail!("name helm or kubectl"),
    };
    writeln!(std::io::stdout(), "{}", path.display())?;
    Ok(())
}
