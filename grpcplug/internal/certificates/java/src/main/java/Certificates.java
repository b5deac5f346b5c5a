import io.grpc.Channel;
import io.grpc.ChannelCredentials;
import io.grpc.Grpc;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.TlsChannelCredentials;
import io.grpc.TlsServerCredentials;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.protobuf.services.HealthStatusManager;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.Arrays;
import java.util.Base64;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;

/** AutoMTLS in grpc-java: "server" is a plugin, "client" a host that starts the plugin of its other arguments. */
final class Certificates {
    private static final char[] PASSWORD = "no secret".toCharArray();

    public static void main(String[] args) throws Exception {
        if (args[0].equals("server")) {
            serve();
        } else {
            call(Arrays.copyOfRange(args, 1, args.length));
        }
    }

    private static void serve() throws Exception {
        Own own = Own.make();
        HealthStatusManager health = new HealthStatusManager();
        health.setStatus("plugin", ServingStatus.SERVING);
        var credentials = TlsServerCredentials.newBuilder()
                .keyManager(own.keys.getKeyManagers())
                .trustManager(stream(System.getenv("PLUGIN_CLIENT_CERT")))
                .clientAuth(TlsServerCredentials.ClientAuth.REQUIRE)
                .build();
        Server server = Grpc.newServerBuilderForPort(0, credentials).addService(health.getHealthService()).build().start();
        String der = Base64.getEncoder().withoutPadding().encodeToString(own.der);
        System.out.println("1|1|tcp|127.0.0.1:" + server.getPort() + "|grpc|" + der);
        server.awaitTermination();
    }

    private static void call(String[] command) throws Exception {
        Own own = Own.make();
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
        builder.environment().put("PLUGIN_CLIENT_CERT", own.pem());
        Process plugin = builder.start();
        try (BufferedReader out = plugin.inputReader(StandardCharsets.UTF_8)) {
            String[] line = out.readLine().split("\\|");
            String trusted = pem(Base64.getDecoder().decode(line[5]));
            var proven = TlsChannelCredentials.newBuilder().trustManager(stream(trusted)).keyManager(own.keys.getKeyManagers());
            var unproven = TlsChannelCredentials.newBuilder().trustManager(stream(trusted));
            System.out.println("with a certificate: " + check(line[3], proven.build()));
            System.out.println("without: " + check(line[3], unproven.build()));
        } finally {
            plugin.destroyForcibly().waitFor();
        }
    }

    private static String check(String address, ChannelCredentials credentials) throws InterruptedException {
        ManagedChannel channel = Grpc.newChannelBuilder(address, credentials).overrideAuthority("localhost").build();
        try {
            return health(channel).name();
        } catch (StatusRuntimeException e) {
            return (e.getStatus().getCode() == Status.Code.UNAVAILABLE ? "refused: " : "") + e.getStatus();
        } finally {
            channel.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
        }
    }

    private static ServingStatus health(Channel channel) {
        var request = HealthCheckRequest.newBuilder().setService("plugin").build();
        return HealthGrpc.newBlockingStub(channel).withDeadlineAfter(60, TimeUnit.SECONDS).check(request).getStatus();
    }

    private static InputStream stream(String text) {
        return new ByteArrayInputStream(text.getBytes(StandardCharsets.US_ASCII));
    }

    private static String pem(byte[] der) {
        String lines = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der);
        return "-----BEGIN CERTIFICATE-----\n" + lines + "\n-----END CERTIFICATE-----\n";
    }

    /** A certificate of this side's, for one start. Java has no public way to make one but keytool. */
    private record Own(KeyManagerFactory keys, byte[] der) {
        static Own make() throws IOException, InterruptedException, GeneralSecurityException {
            Path dir = Files.createTempDirectory("certificates");
            Path file = dir.resolve("own.p12");
            try {
                run(Path.of(System.getProperty("java.home"), "bin", "keytool").toString(), "-J-XX:TieredStopAtLevel=1", "-genkeypair", "-alias", "own",
                        "-keyalg", "EC", "-groupname", "secp256r1", "-dname", "CN=localhost", "-ext", "SAN=dns:localhost",
                        "-storetype", "PKCS12", "-keystore", file.toString(), "-storepass", new String(PASSWORD));
                KeyStore store = KeyStore.getInstance(file.toFile(), PASSWORD);
                KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
                keys.init(store, PASSWORD);
                return new Own(keys, store.getCertificate("own").getEncoded());
            } finally {
                Files.deleteIfExists(file);
                Files.delete(dir);
            }
        }

        String pem() {
            return Certificates.pem(der);
        }

        private static void run(String... command) throws IOException, InterruptedException {
            Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (process.waitFor() != 0) {
                throw new IOException(String.join(" ", command) + ": " + said);
            }
        }
    }
}
