using System;
using System.IO;
using System.Threading.Tasks;
using Amazon.Lambda.Core;

namespace Example
{
    public class AccountAlreadyExistsException : Exception
    {
        public AccountAlreadyExistsException(string message, Exception cause) : base(message, cause)
        {
        }
    }

    /// <summary>What callers see of errors.</summary>
    public class Failing
    {
        /// <summary>Example::Example.Failing::Now: an error with its cause.</summary>
        public string Now(string name)
        {
            try
            {
                return Look(name);
            }
            catch (ArgumentException error)
            {
                throw new AccountAlreadyExistsException("Account is in use!", error);
            }
        }

        static string Look(string name)
        {
            throw new ArgumentException("no account " + name);
        }

        /// <summary>Example::Example.Failing::Later</summary>
        public async Task<string> Later(string name)
        {
            await Task.Delay(10);
            return Look(name);
        }

        /// <summary>Example::Example.Failing::Many</summary>
        public Task Many(Stream input)
        {
            throw new AggregateException("two at once", new ArgumentException("one"), new InvalidOperationException("two"));
        }

        /// <summary>Example::Example.Failing::Endless: what no serializer can write.</summary>
        public object Endless()
        {
            return new Loop();
        }

        class Loop
        {
            public Loop Self
            {
                get { return this; }
            }
        }

        /// <summary>Refused when the function is initialised.</summary>
        public async void Lost(Stream input)
        {
            await Task.Delay(10);
        }

        public void Three(Stream input, ILambdaContext context, string more)
        {
        }

        public T Generic<T>(T input)
        {
            return input;
        }
    }

    public class Broken
    {
        public Broken()
        {
            throw new ArithmeticException("Sorry");
        }

        public void Handle(Stream input)
        {
        }
    }
}
