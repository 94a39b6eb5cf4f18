package example;

/** An error that a state machine can tell from others, by its name. */
public class AccountAlreadyExistsException extends Exception {
    public AccountAlreadyExistsException(String message) {
        super(message);
    }
}
