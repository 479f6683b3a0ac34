package dev.sluice.server;

import dev.sluice.job.SluiceException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileOwnerAttributeView;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
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

  /// What tells one version of the file from another; empty when there is none.
  ///
  /// @throws SluiceException when it cannot be told
  Optional<Rereading.Version> version() {
    try {
      return Rereading.Version.of(file);
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
        // Root must not leave the server's own user out.
        give(folder.resolve(NAME + ".lock"), folder);
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
    give(fresh, Files.exists(file) ? file : folder);
    Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    sync(folder);
  }

  /// Gives a file the owner of another one, where this user may: what root changes in the data of
  /// the server's user must stay readable for that.
  private static void give(Path file, Path like) throws IOException {
    // Never what a link leads to: the folder may be somebody else's.
    FileOwnerAttributeView view =
        Files.getFileAttributeView(file, PosixFileAttributeView.class, LinkOption.NOFOLLOW_LINKS);
    if (view == null) {
      return;
    }
    UserPrincipal owner = Files.getOwner(like);
    if (view.getOwner().equals(owner)) {
      return;
    }
    try {
      view.setOwner(owner);
    } catch (FileSystemException _) {
      // Only root may give files away.
    }
  }

  /// Makes a move in a folder outlast a power cut, which else may bring back a revoked token.
  private static void sync(Path folder) throws IOException {
    if (FileSystems.getDefault().supportedFileAttributeViews().contains("posix")) {
      try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
        channel.force(true);
      }
    }
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
