using System;
using System.Collections;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;

namespace Lambent.Runtime
{
    /// <summary>
    /// A template such as "{count} of {product}" with the arguments for its holes. Holes that are numbered from 0 on take the argument of
    /// their number, others theirs in turn.
    /// </summary>
    sealed class LogMessage
    {
        /// <summary>The message with the arguments in the place of the holes.</summary>
        public readonly string Text;

        /// <summary>The arguments by the names of their holes, as JSON. Those that are null are left out.</summary>
        public readonly List<KeyValuePair<string, string>> Members = new List<KeyValuePair<string, string>>();

        public LogMessage(string template, object[] arguments)
        {
            Text = arguments.Length == 0 ? template : Fill(template, arguments);
        }

        string Fill(string template, object[] arguments)
        {
            MatchCollection found = Regex.Matches(template, @"\{\{|\}\}|\{(?<json>@)?(?<name>[^{}:]+)(:(?<format>[^{}]*))?\}");
            var holes = found.Cast<Match>().Where(each => each.Groups["name"].Success).ToList();
            bool numbered = AreNumbered(holes.Select(hole => hole.Groups["name"].Value).ToList());
            var filled = new StringBuilder();
            int end = 0;
            int turn = 0;
            foreach (Match match in found)
            {
                filled.Append(template, end, match.Index - end);
                end = match.Index + match.Length;
                string name = match.Groups["name"].Value;
                int at = name.Length == 0 ? arguments.Length : numbered ? int.Parse(name, CultureInfo.InvariantCulture) : turn++;
                if (name.Length == 0)
                {
                    filled.Append(match.Value[0]);
                }
                else if (at < arguments.Length)
                {
                    filled.Append(Place(match, name.Trim(), arguments[at]));
                }
                else
                {
                    filled.Append(match.Value);
                }
            }
            return filled.Append(template, end, template.Length - end).ToString();
        }

        static bool AreNumbered(List<string> names)
        {
            var numbers = new HashSet<int>();
            foreach (string name in names)
            {
                int number;
                if (!int.TryParse(name, NumberStyles.Integer, CultureInfo.InvariantCulture, out number) || number < 0)
                {
                    return false;
                }
                numbers.Add(number);
            }
            return numbers.Count > 0 && numbers.Max() + 1 == numbers.Count;
        }

        string Place(Match hole, string name, object argument)
        {
            string format = hole.Groups["format"].Value;
            bool asJson = hole.Groups["json"].Success;
            if (argument != null && Members.All(member => member.Key != name))
            {
                Members.Add(new KeyValuePair<string, string>(name, asJson ? Serialized(argument) : Value(argument, format)));
            }
            return argument == null ? "{" + hole.Value.Trim('{', '}') + "}" : asJson ? Serialized(argument) : Words(argument, format);
        }

        static string Value(object value, string format)
        {
            if (value == null)
            {
                return "null";
            }
            if (value is IDictionary)
            {
                var entries = ((IDictionary)value).Cast<DictionaryEntry>();
                return "{" + string.Join(",", entries.Select(entry => Json.Quote(entry.Key.ToString()) + ":" + Value(entry.Value, format))) + "}";
            }
            if (value is IList && !(value is IList<byte>))
            {
                return "[" + string.Join(",", ((IList)value).Cast<object>().Select(item => Value(item, format))) + "]";
            }
            bool isNumber = value.GetType().IsPrimitive && !(value is char) && !(value is bool) || value is decimal;
            if (format.Length == 0 && value is bool)
            {
                return (bool)value ? "true" : "false";
            }
            return format.Length == 0 && isNumber ? Convert.ToString(value, CultureInfo.InvariantCulture) : Json.Quote(Words(value, format));
        }

        static string Words(object value, string format)
        {
            if (value is IList<byte>)
            {
                return BitConverter.ToString(((IList<byte>)value).ToArray()).Replace("-", "").ToLowerInvariant();
            }
            if (format.Length == 0 && value is DateTime)
            {
                format = "yyyy-MM-ddTHH:mm:ss.fffZ";
            }
            var formattable = value as IFormattable;
            return formattable != null ? formattable.ToString(format.Length == 0 ? null : format, CultureInfo.InvariantCulture) : value.ToString();
        }

        /// <summary>By System.Text.Json, which every .NET has that knows such templates.</summary>
        static string Serialized(object value)
        {
            try
            {
                Type serializer = Type.GetType("System.Text.Json.JsonSerializer, System.Text.Json", true);
                Type options = serializer.Assembly.GetType("System.Text.Json.JsonSerializerOptions", true);
                MethodInfo serialize = serializer.GetMethod("Serialize", new[] { typeof(object), typeof(Type), options });
                return (string)serialize.Invoke(null, new[] { value, value.GetType(), null });
            }
            catch (Exception)
            {
                return Json.Quote(value.ToString());
            }
        }
    }
}
