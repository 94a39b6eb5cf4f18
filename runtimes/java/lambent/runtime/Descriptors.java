package lambent.runtime;

import java.io.FileDescriptor;
import java.lang.reflect.Constructor;

/** File descriptors that the process was started with; `--add-opens=java.base/java.io` leads to them from Java 9 on. */
final class Descriptors {
    private Descriptors() {}

    static FileDescriptor of(int number) {
        try {
            Constructor<FileDescriptor> constructor = FileDescriptor.class.getDeclaredConstructor(int.class);
            constructor.setAccessible(true);
            return constructor.newInstance(number);
        } catch (ReflectiveOperationException error) {
            throw new IllegalStateException("descriptor " + number + " cannot be used", error);
        }
    }
}
