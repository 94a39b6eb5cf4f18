package example;

/** What {@link HelloPojo} answers. */
public class ResponseClass {
    String greetings;

    public ResponseClass() {}

    public ResponseClass(String greetings) {
        this.greetings = greetings;
    }

    public String getGreetings() {
        return greetings;
    }

    public void setGreetings(String greetings) {
        this.greetings = greetings;
    }
}
