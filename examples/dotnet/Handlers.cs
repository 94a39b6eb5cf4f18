using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using System.Threading.Tasks;
using Amazon.Lambda.Core;

namespace Example
{
    public class Person
    {
        public string FirstName { get; set; }
        public string LastName { get; set; }
    }

    public class Greeting
    {
        public string Text { get; set; }
        public List<string> Names { get; set; }
        public Dictionary<string, int> Lengths { get; set; }
    }

    /// <summary>Handlers of every form, as the developer guide's chapter on C# has them.</summary>
    public class Hello
    {
        int calls;

        /// <summary>Example::Example.Hello::Stream: bytes in, bytes out, no serializer.</summary>
        public Stream Stream(Stream input)
        {
            string text = new StreamReader(input).ReadToEnd();
            return new MemoryStream(Encoding.UTF8.GetBytes(text.ToUpperInvariant()));
        }

        /// <summary>Example::Example.Hello::Upper</summary>
        public string Upper(string input, ILambdaContext context)
        {
            return input == null ? null : input.ToUpperInvariant();
        }

        /// <summary>Example::Example.Hello::Greet: objects in and out.</summary>
        public Greeting Greet(Person person)
        {
            var names = new[] { person.FirstName, person.LastName }.Where(name => name != null).ToList();
            return new Greeting
            {
                Text = "Hello " + string.Join(" ", names),
                Names = names,
                Lengths = names.ToDictionary(name => name, name => name.Length),
            };
        }

        /// <summary>Example::Example.Hello::Sum</summary>
        public static int Sum(List<int> numbers)
        {
            return numbers.Sum();
        }

        /// <summary>Example::Example.Hello::Count: the object lives as long as the environment.</summary>
        public int Count()
        {
            return ++calls;
        }

        /// <summary>Example::Example.Hello::Later</summary>
        public async Task<Greeting> Later(Person person, ILambdaContext context)
        {
            await Task.Delay(10);
            return Greet(person);
        }

        /// <summary>Example::Example.Hello::Soon: nothing to answer.</summary>
        public async Task Soon(Person person)
        {
            await Task.Delay(10);
            Console.WriteLine("greeted " + person.FirstName);
        }

        /// <summary>Example::Example.Hello::Nothing</summary>
        public void Nothing(ILambdaContext context)
        {
            context.Logger.LogLine("nothing to do");
        }

        /// <summary>Two of one name: the handler names the whole signature.</summary>
        public string Twice(string input)
        {
            return input + input;
        }

        public int Twice(int input)
        {
            return input * 2;
        }
    }
}
