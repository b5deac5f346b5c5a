//! Makes the stubs, as include!-able code in OUT_DIR. Protox is a compiler of .proto files in Rust:
//! protoc need not be on the machine.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let include = ["..", "../../../proto", "../../../proto/goplugin"];
    let files = protox::compile(["kv.proto", "goplugin.proto"], include)?;
    tonic_prost_build::configure()
        .generate_default_stubs(true) // a method that is left out answers Unimplemented
        .include_file("stubs.rs")
        .compile_fds(files)?;
    println!("cargo::rerun-if-changed=../kv.proto");
    println!("cargo::rerun-if-changed=../../../proto");
    Ok(())
}
