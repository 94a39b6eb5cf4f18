using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;

namespace Lambent.Runtime
{
    /// <summary>As much of JSON as the runtime itself needs; events and results are the affair of the function's serializer.</summary>
    static class Json
    {
        /// <summary>The members of an object; none of what is no object.</summary>
        public static Dictionary<string, object> Members(string text)
        {
            var none = new Dictionary<string, object>();
            return text == null ? none : new Reader(text).Value() as Dictionary<string, object> ?? none;
        }

        /// <summary>A value as text: what is in a string, and JSON of all else.</summary>
        public static string Text(object value)
        {
            var text = value as string;
            return text ?? Write(value);
        }

        static string Write(object value)
        {
            if (value is Dictionary<string, object>)
            {
                var members = new List<string>();
                foreach (var member in (Dictionary<string, object>)value)
                {
                    members.Add(Quote(member.Key) + ":" + Write(member.Value));
                }
                return "{" + string.Join(",", members) + "}";
            }
            if (value is List<object>)
            {
                return "[" + string.Join(",", ((List<object>)value).ConvertAll(Write)) + "]";
            }
            var text = value as string;
            return text != null ? Quote(text) : value == null ? "null" : Convert.ToString(value, CultureInfo.InvariantCulture);
        }

        /// <summary>A JSON string, with its quotes.</summary>
        public static string Quote(string text)
        {
            var quoted = new StringBuilder("\"", text.Length + 2);
            foreach (char letter in text)
            {
                switch (letter)
                {
                    case '"': quoted.Append("\\\""); break;
                    case '\\': quoted.Append("\\\\"); break;
                    case '\n': quoted.Append("\\n"); break;
                    case '\r': quoted.Append("\\r"); break;
                    case '\t': quoted.Append("\\t"); break;
                    case '\f': quoted.Append("\\f"); break;
                    case '\b': quoted.Append("\\b"); break;
                    default:
                        if (letter < ' ' || letter == '\u0085' || letter == '\u2028' || letter == '\u2029')
                        {
                            quoted.Append("\\u").Append(((int)letter).ToString("X4"));
                        }
                        else
                        {
                            quoted.Append(letter);
                        }
                        break;
                }
            }
            return quoted.Append('"').ToString();
        }

        /// <summary>A number as it was written, so that none is changed.</summary>
        sealed class Literal
        {
            readonly string text;

            public Literal(string text)
            {
                this.text = text;
            }

            public override string ToString()
            {
                return text;
            }
        }

        sealed class Reader
        {
            readonly string text;
            int at;

            public Reader(string text)
            {
                this.text = text;
            }

            public object Value()
            {
                char first = Peek();
                if (first == '{')
                {
                    var members = new Dictionary<string, object>();
                    Each('}', () =>
                    {
                        string name = String();
                        Expect(':');
                        members[name] = Value();
                    });
                    return members;
                }
                if (first == '[')
                {
                    var items = new List<object>();
                    Each(']', () => items.Add(Value()));
                    return items;
                }
                if (first == '"')
                {
                    return String();
                }
                int begin = at;
                while (at < text.Length && ",]} \t\r\n".IndexOf(text[at]) < 0)
                {
                    at++;
                }
                string literal = text.Substring(begin, at - begin);
                return literal == "null" ? null : new Literal(literal);
            }

            void Each(char last, Action item)
            {
                at++;
                while (Peek() != last)
                {
                    item();
                    if (Peek() == ',')
                    {
                        at++;
                    }
                }
                at++;
            }

            string String()
            {
                Expect('"');
                var value = new StringBuilder();
                while (text[at] != '"')
                {
                    char letter = text[at++];
                    value.Append(letter == '\\' ? Escaped() : letter);
                }
                at++;
                return value.ToString();
            }

            char Escaped()
            {
                char letter = text[at++];
                if (letter == 'u')
                {
                    at += 4;
                    return (char)int.Parse(text.Substring(at - 4, 4), NumberStyles.HexNumber);
                }
                int known = "bfnrt".IndexOf(letter);
                return known < 0 ? letter : "\b\f\n\r\t"[known];
            }

            char Peek()
            {
                while (char.IsWhiteSpace(text[at]))
                {
                    at++;
                }
                return text[at];
            }

            void Expect(char letter)
            {
                if (Peek() != letter)
                {
                    throw new FormatException("The context is no JSON.");
                }
                at++;
            }
        }
    }
}
