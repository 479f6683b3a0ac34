package dev.sluice.server;

import java.nio.file.Path;

/// Where the server's certificate and its key lie. Both are read again when they change.
///
/// Threading: immutable.
///
/// @param certificate the chain in PEM, the server's own certificate first
/// @param key its private key in PEM, PKCS #8 without a password; only its owner should be able to
///   read it
public record TlsFiles(Path certificate, Path key) {}
