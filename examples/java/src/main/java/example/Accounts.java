package example;

import com.amazonaws.services.lambda.runtime.Context;

/** Fails with an exception of its own. Handler: example.Accounts::createAccount */
public class Accounts {
    public static void createAccount(String name, Context context) throws AccountAlreadyExistsException {
        throw new AccountAlreadyExistsException("Account is in use!");
    }
}
