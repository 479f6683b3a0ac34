package dev.sluice.server;

import dev.sluice.job.SluiceException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/// The file that tokens are kept in. Written in full beside the old one and moved over it, so that
/// whoever reads sees the one or the other; only its owner can read it.
///
/// Threading: thread-safe; changes of several processes are made one after the other.
final class TokenFile {
  static final String NAME = "tokens.json";

  /// More would make the look-up, which compares with each of them, slow.
  private static final int MOST_TOKENS = 1000;

  private static final int MOST_BYTES = 4 << 20;

  private final Path folder;
  private final Path file;
  private final JsonMapper mapper = JsonMapper.builder().build();

  TokenFile(Path dataDir) {
    folder = dataDir.toAbsolutePath();
    file = folder.resolve(NAME);
  }

  /// What tells one version of the file from another; null when there is none.
  record Version(FileTime changed, long size, @Nullable Object key) {}

  @Nullable Version version() {
    try {
      BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
      return new Version(attributes.lastModifiedTime(), attributes.size(), attributes.fileKey());
    } catch (NoSuchFileException none) {
      return null;
    } catch (IOException failure) {
      throw cannot("read", failure);
    }
  }

  /// The tokens; none when there is no file.
  ///
  /// @throws SluiceException when the file cannot be read or says something else
  List<Token> read() {
    try {
      if (Files.size(file) > MOST_BYTES) {
        throw new SluiceException(file + ": is no list of tokens, it has more than 4 MiB");
      }
      Fields fields = new Fields(mapper.readTree(Files.readAllBytes(file)), "");
      List<Token> tokens = fields.list("tokens", Token::read).orElse(List.of());
      fields.done();
      Set<String> names = new HashSet<>();
      for (Token token : tokens) {
        if (!names.add(token.name())) {
          throw new SluiceException(file + ": has two tokens of the name '" + token.name() + "'");
        }
      }
      return tokens;
    } catch (NoSuchFileException none) {
      return List.of();
    } catch (IOException failure) {
      throw cannot("read", failure);
    } catch (JacksonException bad) {
      throw new SluiceException(file + ": is no list of tokens: it " + Call.fault(bad), bad);
    } catch (IllegalArgumentException | java.time.DateTimeException bad) {
      throw new SluiceException(
          file + ": is no list of tokens: " + Call.oneLine(String.valueOf(bad.getMessage())), bad);
    }
  }

  /// Changes the list.
  void change(UnaryOperator<List<Token>> change) {
    try {
      createPrivate(folder);
      try (FileChannel channel =
              FileChannel.open(
                  folder.resolve(NAME + ".lock"),
                  Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
                  ownerOnly("rw-------"));
          FileLock _ = channel.lock()) {
        List<Token> tokens = change.apply(new ArrayList<>(read()));
        if (tokens.size() > MOST_TOKENS) {
          throw new SluiceException("tokens: " + MOST_TOKENS + " is the most, revoke some first");
        }
        write(tokens);
      }
    } catch (IOException failure) {
      throw cannot("write", failure);
    }
  }

  private void write(List<Token> tokens) throws IOException {
    byte[] bytes =
        mapper
            .writerWithDefaultPrettyPrinter()
            .writeValueAsBytes(Map.of("tokens", tokens.stream().map(Token::json).toList()));
    Path fresh = folder.resolve(NAME + ".new");
    Files.deleteIfExists(fresh);
    try (FileChannel channel =
        FileChannel.open(
            fresh,
            Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
            ownerOnly("rw-------"))) {
      ByteBuffer buffer = ByteBuffer.wrap(bytes);
      while (buffer.hasRemaining()) {
        channel.write(buffer);
      }
      channel.force(true);
    }
    Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  /// Creates a folder that only its owner can look into; one that is there stays as it is.
  static void createPrivate(Path folder) throws IOException {
    Files.createDirectories(folder, ownerOnly("rwx------"));
  }

  static FileAttribute<?>[] ownerOnly(String permissions) {
    return FileSystems.getDefault().supportedFileAttributeViews().contains("posix")
        ? new FileAttribute<?>[] {
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions))
        }
        : new FileAttribute<?>[0];
  }

  private SluiceException cannot(String verb, IOException failure) {
    // A folder that nobody may look into is what has to be mended, not the file in it.
    boolean closed =
        failure instanceof AccessDeniedException
            && Files.isDirectory(folder)
            && !Files.isExecutable(folder);
    return new SluiceException(
        (closed ? folder + ": cannot look into it, " : file + ": cannot " + verb + " it, ")
            + FileTrouble.words(failure),
        failure);
  }
}
