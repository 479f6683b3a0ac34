package dev.sluice.runtime;

import dev.sluice.engine.Engine;
import dev.sluice.engine.Environment;
import dev.sluice.memory.MemoryEngine;
import dev.sluice.sqlite.SqliteEngine;
import java.nio.file.Path;

/// The engines that every test of the runtime runs on.
enum EngineKind {
  MEMORY {
    @Override
    Engine open(Path directory, Environment environment) {
      return MemoryEngine.open(environment);
    }
  },
  SQLITE {
    @Override
    Engine open(Path directory, Environment environment) {
      return SqliteEngine.open(directory.resolve("jobs.db"), environment);
    }
  };

  abstract Engine open(Path directory, Environment environment);
}
