# The sign-up. Each question says what is next; steps are counted in bold.
# Under a label, `.heard` lists what people say in its place, parted by bars; "minha", "é", "sou" around it do no harm.

signup-full_name = *Passo 1 de { $steps }* · Que bom ter você aqui! São poucos minutos, e pode parar quando quiser: eu guardo tudo.

    Qual é o seu *nome completo*?
signup-full_name-help = É o nome que vai no contrato e na carteirinha. Escreva como está no seu documento.
signup-cpf = *Passo { $step } de { $steps }* · Prazer, { $name }! 😊

    Qual é o seu *CPF*?
signup-cpf-help = O CPF identifica você no contrato e no Pix. Ele fica guardado com criptografia.
signup-member_found = Esse CPF já é de um membro 💚 Posso enviar um código para *{ $email }* e recuperar seu acesso.
signup-option-recover = Enviar código
signup-option-mistyped = Digitei errado
signup-here = Você já é membro, que bom! 💚
signup-birth_date = *Passo { $step } de { $steps }* · Qual é a sua *data de nascimento*? (por exemplo, 15/05/1990)
signup-birth_date-help = Pode escrever do seu jeito: 15/05/1990 ou 15 de maio de 1990.
signup-minor = Para ser titular é preciso ter pelo menos { $minimum } anos. Uma pessoa adulta da família pode se cadastrar e incluir você como dependente.

    Se a data saiu errada, escreva de novo sua *data de nascimento*.
signup-minor-again = Qual é a sua *data de nascimento*?
signup-email = *Passo { $step } de { $steps }* · Qual é o seu *e-mail*? Vou mandar um código para confirmar que é você.
signup-email-help = Por ele enviamos o código de confirmação e, depois, o de assinatura do contrato.
signup-email_check = Você escreveu *{ $typed }*. Seria *{ $suggestion }*?
signup-email_guess = Esse e-mail não parece certo. Seria *{ $suggestion }*?
signup-email_guess-again = Seria *{ $suggestion }*?
signup-email_check-again = Seria *{ $suggestion }*?
signup-option-as_suggested = Sim, corrija
signup-option-as_typed = Está certo assim
signup-option-retype = Escrever de novo
signup-gender = *Passo { $step } de { $steps }* · Endereço anotado ✅

    Como você se identifica?
signup-marital_status = E o seu *estado civil*?
signup-profession = Qual é a sua *profissão*?
signup-option-skip = Pular
    .heard = pula | prefiro não | prefiro não dizer | prefiro não informar | prefiro não responder | prefiro não falar | não quero dizer | não quero informar | não quero responder | não quero falar
gender-F = Feminino
    .heard = f | fem | feminina | mulher | moça
gender-M = Masculino
    .heard = m | masc | homem | moço
gender-O = Outro
    .heard = outra | não binário | não binária | nb
marital-single = Solteiro(a)
    .heard = solteiro | solteira
marital-married = Casado(a)
    .heard = casado | casada
marital-stable_union = União estável
    .heard = amigado | amigada | amasiado | amasiada | juntado | juntada | moro junto | moramos juntos | vivo junto
marital-divorced = Divorciado(a)
    .heard = divorciado | divorciada | separado | separada | desquitado | desquitada
marital-widowed = Viúvo(a)
    .heard = viúvo | viúva

signup-plan = *Passo { $step } de { $steps }* · { $has_lines ->
    [no] Vamos ao seu plano! Toque abaixo para comparar e escolher.
   *[yes] Família anotada 💚

        { $lines }

        Toque abaixo para comparar e escolher o plano. Para incluir mais alguém, escreva o *nome completo*.
}
signup-plan-again = Toque abaixo para comparar e escolher.
signup-plan-misfit = { $misfit }

    Escolha outro plano, por favor.
signup-plan-list = Ver planos
signup-plan-help = Toque em *Ver planos* para abrir a lista. Ao escolher um, mostro tudo o que ele inclui antes de você decidir.
signup-option-family = Mudar dependentes
misfit-dependents = { $most ->
    [0] O plano *{ $plan }* é só para uma pessoa, sem dependentes.
    [one] O plano *{ $plan }* aceita 1 dependente.
   *[other] O plano *{ $plan }* aceita até { $most } dependentes.
}
misfit-age = O plano *{ $plan }* é para titulares { $most ->
    [0] a partir de { $least } anos
   *[other] de { $least } a { $most } anos
}.
plan-row = { $price } { $cycle } · { $description }
plan-benefit-line = ✔️ *{ $name }*{ $discount ->
    [0] {""}
   *[other] {" "}com { $discount }% de desconto
}{ $has_description ->
    [no] {""}
   *[yes] . { $description }
}
addon-row = + { $price }
category-individual = Individual
category-family = Família
category-premium = Premium
category-more = Outras opções
cycle-monthly = por mês
cycle-quarterly = por trimestre
cycle-semester = por semestre
cycle-yearly = por ano
price-plan = Plano: { $price } { $cycle }
price-addon = { $name }: + { $price }
price-adhesion = Adesão (só agora): { $price }
price-trial = Os primeiros { $days } dias são grátis

signup-offer = *{ $plan }*
    { $benefits }

    { $prices }
    {"*"}Hoje você paga: { $due_now }*

    Ao tocar em *Aceito e quero*, você concorda com os termos{ $has_terms_url ->
    [no] {""}
   *[yes] {" "}({ $terms_url })
}, com a política de privacidade{ $has_privacy_url ->
    [no] {""}
   *[yes] {" "}({ $privacy_url })
} e com a assinatura do contrato por código.
signup-repriced = As condições deste plano acabaram de mudar. Veja como ficou:
signup-plan-gone = Esse plano acabou de sair de linha.
signup-option-agree = Aceito e quero
signup-option-extras = Ver adicionais
signup-option-others = Ver outros planos
signup-addons = Quer incluir algum adicional?
signup-option-enough = Nenhum, obrigado
signup-health = 🩺 *Dados de saúde*

    { $text }

    Você autoriza? Se preferir que não, seu cadastro continua normalmente.
signup-option-health_yes = Autorizo
signup-option-health_no = Não autorizo
signup-canceled = Pronto, cancelei seu cadastro e apaguei suas respostas. Se mudar de ideia, é só chamar 💚
signup-closed = Seu cadastro anterior foi encerrado e suas respostas foram apagadas. Se quiser, começamos de novo.

address-cep = *Passo { $step } de { $steps }* · Confirmado, { $name }! ✅

    Agora, qual é o seu *CEP*?
address-cep-again = Qual é o *CEP*?
address-cep-help = Com o CEP eu encontro sua rua sozinho. Se não souber, toque em *Não sei o CEP*.
address-option-typed = Não sei o CEP
address-looking-wait = Estou procurando seu endereço, só um instante…
address-found = Encontrei:
    📍 { $street }, { $neighborhood } — { $city }/{ $state }

    Se for aí, escreva o *número* (e o complemento, se tiver). Exemplo: *120 apto 34*
address-found-again = Qual é o *número* (e o complemento, se tiver)? Exemplo: *120 apto 34*
address-option-other = Digitar outro CEP
    .heard = não é aí | não é esse | não é isso | cep errado | outro cep
address-option-correct = Corrigir endereço
    .heard = errado | endereço errado | rua errada
address-unknown = Não encontrei esse CEP 🤔 Confira os números, por favor.
address-down = A busca de CEP está fora do ar, mas a gente resolve juntos.
address-town = Esse CEP vale para a cidade toda, então me ajude com a rua.
address-street = Qual é o nome da *rua* (ou avenida)?
address-neighborhood = E o *bairro*?
address-city = Em qual *cidade e estado*? Exemplo: *Campinas - SP*
address-number = E o *número*? Se tiver complemento, mande junto. Exemplo: *120 apto 34*

dependents-name = *Passo { $step } de { $steps }* · Quer incluir alguém da família? (até { $most })

    Se sim, escreva o *nome completo* da pessoa.
dependents-name-help = Dependentes também usam os benefícios. Escreva o nome completo de uma pessoa por vez.
dependents-option-nobody = Agora não
    .heard = ninguém | ninguém mais | mais ninguém | nenhum | só eu | somente eu | apenas eu | só eu por enquanto | pular | pula | depois | não tenho | não tenho ninguém | não tenho filhos | não tenho família | não tenho dependentes | sem dependentes | moro sozinho | moro sozinha | sozinho | sozinha
dependents-option-nobody_else = Continuar
    .heard = { dependents-option-nobody.heard } | só isso | é só isso | só essas | só esses | pronto
dependents-option-skip = Pular
    .heard = pula | depois
dependents-option-remove = Remover alguém
dependents-option-keep = Não remover
dependents-relationship = { $dependent } é o quê seu?
relationship-spouse = Cônjuge
    .heard = marido | mulher | esposo | esposa | companheiro | companheira
relationship-child = Filho(a)
    .heard = filho | filha | filhinho | filhinha
relationship-parent = Pai ou mãe
    .heard = pai | mãe | mamãe | papai
relationship-other = Outro
    .heard = outra | irmão | irmã | avô | avó | neto | neta | tio | tia | primo | prima | sobrinho | sobrinha | sogro | sogra | cunhado | cunhada | genro | nora | enteado | enteada | padrasto | madrasta | afilhado | afilhada | namorado | namorada | noivo | noiva | amigo | amiga
dependents-birth_date = Qual é a *data de nascimento* de { $dependent }?
dependents-cpf = E o *CPF* de { $dependent }? Se não tiver em mãos, pode pular.
dependents-cpf-taken = Esse CPF já está neste cadastro. Qual é o *CPF* de { $dependent }?
dependents-line = • { $name }, { $relationship }, { $age }
dependents-more = { $count ->
    [0] Ninguém por enquanto.
   *[other] Família anotada 💚
}
    { $lines }

    Para incluir mais alguém, escreva o *nome completo*.
dependents-full = Família completa 💚
    { $lines }
dependents-removing = Quem você quer remover?
signup-full_name-again = Qual é o seu *nome completo*?
signup-cpf-again = Qual é o seu *CPF*?
signup-birth_date-again = Qual é a sua *data de nascimento*?
signup-email-again = Qual é o seu *e-mail*?
signup-gender-again = Como você se identifica?
dependents-name-again = Escreva o *nome completo* de quem quer incluir, ou toque em *Agora não*.
age = { $years ->
    [0] { $months ->
        [0] recém-nascido(a)
        [one] 1 mês
       *[other] { $months } meses
    }
    [one] 1 ano
   *[other] { $years } anos
}
