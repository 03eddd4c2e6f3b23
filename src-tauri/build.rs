//! Reads tauri.conf.json and the capabilities. No command of a plugin is allowed but what `capabilities/main.json` names.

fn main() {
    let attributes =
        tauri_build::Attributes::new().capabilities_path_pattern("./src-tauri/capabilities/**/*");
    if let Err(error) = tauri_build::try_build(attributes) {
        println!("cargo::error={error:#}");
    }
}
