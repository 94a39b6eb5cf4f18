package handlers;

import java.math.BigDecimal;
import java.time.Instant;
import java.time.LocalDate;
import java.util.Date;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/** A bean with members of many types. */
public class Binding {
    public enum Colour {
        RED,
        GREEN
    }

    public static class Part<T> {
        private T content;

        public T getContent() {
            return content;
        }

        public void setContent(T content) {
            this.content = content;
        }
    }

    private String aText;
    private Colour colour;
    private Date date;
    private Instant instant;
    private LocalDate day;
    private BigDecimal amount;
    private Long big;
    private double ratio;
    private boolean on;
    private char letter;
    private byte[] bytes;
    private UUID id;
    private int[] numbers;
    private Set<String> names;
    private Map<Colour, Integer> counts;
    private EnumMap<Colour, String> ordered;
    private List<Part<String>> parts;
    private Optional<String> perhaps = Optional.empty();
    private String URL;
    private String none;
    public String open;

    public Binding handle(Binding event) {
        return event;
    }

    public String getaText() {
        return aText;
    }

    public void setaText(String aText) {
        this.aText = aText;
    }

    public Colour getColour() {
        return colour;
    }

    public void setColour(Colour colour) {
        this.colour = colour;
    }

    public Date getDate() {
        return date;
    }

    public void setDate(Date date) {
        this.date = date;
    }

    public Instant getInstant() {
        return instant;
    }

    public void setInstant(Instant instant) {
        this.instant = instant;
    }

    public LocalDate getDay() {
        return day;
    }

    public void setDay(LocalDate day) {
        this.day = day;
    }

    public BigDecimal getAmount() {
        return amount;
    }

    public void setAmount(BigDecimal amount) {
        this.amount = amount;
    }

    public Long getBig() {
        return big;
    }

    public void setBig(Long big) {
        this.big = big;
    }

    public double getRatio() {
        return ratio;
    }

    public void setRatio(double ratio) {
        this.ratio = ratio;
    }

    public boolean isOn() {
        return on;
    }

    public void setOn(boolean on) {
        this.on = on;
    }

    public char getLetter() {
        return letter;
    }

    public void setLetter(char letter) {
        this.letter = letter;
    }

    public byte[] getBytes() {
        return bytes;
    }

    public void setBytes(byte[] bytes) {
        this.bytes = bytes;
    }

    public UUID getId() {
        return id;
    }

    public void setId(UUID id) {
        this.id = id;
    }

    public int[] getNumbers() {
        return numbers;
    }

    public void setNumbers(int[] numbers) {
        this.numbers = numbers;
    }

    public Set<String> getNames() {
        return names;
    }

    public void setNames(Set<String> names) {
        this.names = names;
    }

    public Map<Colour, Integer> getCounts() {
        return counts;
    }

    public void setCounts(Map<Colour, Integer> counts) {
        this.counts = counts;
    }

    public EnumMap<Colour, String> getOrdered() {
        return ordered;
    }

    public void setOrdered(EnumMap<Colour, String> ordered) {
        this.ordered = ordered;
    }

    public List<Part<String>> getParts() {
        return parts;
    }

    public void setParts(List<Part<String>> parts) {
        this.parts = parts;
    }

    public Optional<String> getPerhaps() {
        return perhaps;
    }

    public void setPerhaps(Optional<String> perhaps) {
        this.perhaps = perhaps;
    }

    public String getURL() {
        return URL;
    }

    public void setURL(String URL) {
        this.URL = URL;
    }

    public String getNone() {
        return none;
    }

    public void setNone(String none) {
        this.none = none;
    }
}
